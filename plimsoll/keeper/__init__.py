"""The keeper: a process that looks at every account after every block, and liquidates.

index     which accounts could be short, from the vault's events
sender    transactions of one key
policy    what to do about an account that is short
reports   signed prices and smiles, brought to their feeds
expiries  what expiries need: prices in their last half hour, and holders settled
errand    what of these is sent without a reward
loop      one round a block, for as long as it takes
"""
