"""How good the margin is: measured against exact option prices, which are scipy's and not ours."""
