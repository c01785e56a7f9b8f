"""Checks of the code and of its behaviour; see the `Makefile`."""
