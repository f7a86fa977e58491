"""Taking tokens as collateral."""

from tests.harness import Account, Contract, Project, reverts


def test_ids_in_order(
    registry: Contract, governor: Account, weth: Contract, wbtc: Contract
) -> None:
    for asset, (token, decimals) in enumerate(((weth, 18), (wbtc, 8))):
        receipt = registry.list_asset(token, 1_000, sender=governor)
        assert receipt.return_value == asset
        [listed] = receipt.events_of(registry.AssetListed)
        assert (listed.asset, listed.token, listed.decimals) == (asset, token, decimals)
        [capped] = receipt.events_of(registry.CapChanged)
        assert (capped.asset, capped.cap) == (asset, 1_000 * 10**decimals)
        assert registry.asset_of(token) == (asset, decimals, 1_000 * 10**decimals)
        assert registry.tokens(asset) == token
        assert registry.asset_count() == asset + 1


def test_as_many_as_an_account_has_bits_for(
    project: Project, registry: Contract, governor: Account, weth: Contract
) -> None:
    for asset in range(32):
        token = project.Token.deploy("Token", "T", asset % 19, sender=governor)
        registry.list_asset(token, asset, sender=governor)
        assert registry.asset_of(token) == (asset, asset % 19, asset * 10 ** (asset % 19))
    with reverts("registry: too many assets"):
        registry.list_asset(weth, 1, sender=governor)


def test_not_governor(registry: Contract, weth: Contract, steward: Account) -> None:
    with reverts("registry: not governor"):
        registry.list_asset(weth, 1, sender=steward)


def test_quote_token(registry: Contract, governor: Account, quote: Contract) -> None:
    with reverts("registry: quote token"):
        registry.list_asset(quote, 1, sender=governor)


def test_twice(registry: Contract, governor: Account, weth: Contract) -> None:
    registry.list_asset(weth, 1, sender=governor)
    with reverts("registry: asset is listed"):
        registry.list_asset(weth, 1, sender=governor)


def test_too_many_decimals(project: Project, registry: Contract, governor: Account) -> None:
    token = project.Token.deploy("Wide", "WIDE", 19, sender=governor)
    with reverts("registry: too many decimals"):
        registry.list_asset(token, 1, sender=governor)


def test_not_a_token(registry: Contract, governor: Account, stranger: Account) -> None:
    with reverts():
        registry.list_asset(stranger, 1, sender=governor)


def test_cap_beyond_its_field(registry: Contract, governor: Account, weth: Contract) -> None:
    most = (2**112 - 1) // 10**18
    for cap in (most + 1, 2**256 - 1):
        with reverts("registry: cap too large"):
            registry.list_asset(weth, cap, sender=governor)
    registry.list_asset(weth, most, sender=governor)
    assert registry.asset_of(weth).cap == most * 10**18
