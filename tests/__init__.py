"""Tests, and the harness that they share."""
