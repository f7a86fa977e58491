"""Benchmarks: gas and speed, printed as a table beside the budget and the peers' figures."""
