"""Every contract of a deployment fits, with a tenth to spare for what is yet to come."""

from tests.deployment import CONTRACTS, deploy
from tests.harness import accounts, chain, project

LIMIT = 24_576  # bytes of runtime code (EIP-170)


def test_deployed_code_leaves_a_tenth() -> None:
    with chain.isolate():
        record = deploy(project, accounts, chain).record
        sizes = {key: len(chain.code(item.address)) for key, item in record.contracts.items()}
    assert set(CONTRACTS) <= set(sizes)
    assert {key: size for key, size in sizes.items() if not 0 < size <= LIMIT * 9 // 10} == {}
