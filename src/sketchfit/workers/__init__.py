"""Trains the networks of a run at the same time, on every device and node at hand, through Ray."""
