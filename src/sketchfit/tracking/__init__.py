"""Progress, history, experiment trackers, notifications."""
