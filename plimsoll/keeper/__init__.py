"""The keeper: a process that looks at every account after every block, and liquidates.

index   which accounts could be short, from the vault's events
sender  transactions of one key
policy  what to do about an account that is short
loop    one round a block, for as long as it takes
"""
