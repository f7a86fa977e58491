"""The terms' parameters, and who may change them."""

import pytest

from plimsoll.spec.wad import WAD
from tests.harness import reverts

PARAMS = (700, 2_500, 1_000, 99 * WAD)


def test_constructor(project, protocol, liquidator):
    """What the deployment gave."""
    assert liquidator.vault() == protocol.vault
    assert liquidator.registry() == protocol.registry
    assert liquidator.params() == (500, 2_000, 2_000, 50 * WAD)

    args = (protocol.registry, protocol.vault, PARAMS)
    other = project.Liquidator.deploy(*args, sender=protocol.stranger)
    assert other.params() == PARAMS


def test_constructor_refuses_wrong_params(project, protocol):
    with reverts("liquidator: share too high"):
        project.Liquidator.deploy(
            protocol.registry, protocol.vault, (500, 2_000, 5_001, 0), sender=protocol.stranger
        )


@pytest.mark.parametrize("role", ["steward", "governor"])
@pytest.mark.parametrize("params", [PARAMS, (100, 100, 0, 0), (2_000, 9_999, 5_000, 10_000 * WAD)])
def test_set_params(liquidator, protocol, role, params):
    receipt = liquidator.set_params(params, sender=getattr(protocol, role))
    [event] = receipt.events_of(liquidator.ParamsChanged)
    assert event.params == params
    assert liquidator.params() == params


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ((99, 2_000, 0, 0), "liquidator: reward_min out of range"),
        ((2_001, 2_001, 0, 0), "liquidator: reward_min out of range"),
        ((500, 499, 0, 0), "liquidator: reward_max out of range"),
        ((500, 10_000, 0, 0), "liquidator: reward_max out of range"),
        ((500, 2_000, 5_001, 0), "liquidator: share too high"),
        ((500, 2_000, 0, 10_000 * WAD + 1), "liquidator: dust too high"),
    ],
)
def test_set_params_refuses(liquidator, protocol, params, reason):
    with reverts(reason):
        liquidator.set_params(params, sender=protocol.steward)


def test_set_params_refuses_others(liquidator, protocol):
    for other in (protocol.stranger, protocol.guardian, protocol.keeper):
        with reverts("governed: not steward"):
            liquidator.set_params(PARAMS, sender=other)
