"""The demonstration: a few wallets, options, a crash, a keeper, an audit.

prices   the path that prices take: a crash that is built in, or daily closes from files
cast     who takes part, with what
stage    the chain: deposits, trades, prices, the keeper's process
options  what is listed, and how it is traded, posted and settled
audit    what must hold when it is over
"""
