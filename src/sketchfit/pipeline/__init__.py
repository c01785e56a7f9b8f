"""The main job and its stages: tables → folds → store → fit → probabilities → submission → summary."""
