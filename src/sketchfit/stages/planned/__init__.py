"""The stages of a run with a deadline."""
