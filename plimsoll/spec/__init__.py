"""The executable specification: Plimsoll's arithmetic in plain integers.

It imports nothing beyond the standard library and knows no chain. The contracts agree with it to
the wei, the keeper screens accounts with it. Read in this order:

    wad          units and rounding
    words        instruments, position words, account words
    interest     supply and borrow indexes at a kinked rate
    market       stable price, premium, funding, mark, validity
    black76      what an option on a forward is worth
    smile        implied volatility of an expiry
    surface      epochs, and what an option is worth in the scenarios of the scan
    haircut      tiered collateral haircuts
    margin       equity, maintenance margin, liquidation target, initial margin
    liquidation  the terms on which a slice of an account changes hands
    orders       what a match of signed orders books
    ledger       the vault: accounts, cash, collateral, positions, and their one law
    explain      what the Lens derives from an account: why its margin is so, how far it can go

Money and prices are integers with 18 decimals in the quote currency, sizes have 8 decimals,
ratios are basis points, times are seconds.
"""
