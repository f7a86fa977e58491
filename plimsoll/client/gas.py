"""How much gas to send along."""

MOST_GAS = 2**24  # that a transaction may use (EIP-7825)


def generous(estimate: int, most: int = MOST_GAS) -> int:
    """More than a node believes that it takes.

    A node estimates as of its latest block. Until the transaction is mined interest accrues and
    prices may move, and what was nothing to store becomes a few words, whatever else it costs.
    """
    return min(most, estimate * 13 // 10 + 50_000)
