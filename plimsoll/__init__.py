"""Plimsoll: unified margin for EVM chains."""
