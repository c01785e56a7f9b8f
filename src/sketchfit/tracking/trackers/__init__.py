"""Experiment trackers, each an callback of the run."""
