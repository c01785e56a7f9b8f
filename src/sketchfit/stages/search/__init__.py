"""Search of settings: trials of Optuna on some folds, and an estimate of the entire search on rows that none saw."""
