"""Experiment trackers, each an observer of the run."""
