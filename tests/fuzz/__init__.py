"""Stateful fuzz: the contracts, in process, and the specification do the same and are compared.

    choices      where decisions come from: a seed, Hypothesis, a tape
    world        the contracts, their actors and their raw storage
    calls        a transaction with its model; what may be refused
    told         what is worked out once, until something moves
    markets      the sources of prices, and what is rolled and stored of them; expiries
    surfaces     smiles, epochs, and the words of strikes
    machine      one transaction on both sides, and the comparison of every word
    parameters   drawn within the contracts' bounds
    rules        what happens: time, prices, owners, venues, keepers, governance
    invariants   what must hold after every transaction
    probes       what must hold when it is tried out, and is undone
    driver       episodes by seed, repeated from a tape, cut down

`python -m tests.fuzz --help`, or `make fuzz STEPS=... SEED=...`.
"""
