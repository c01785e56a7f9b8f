"""Search of settings: trials of Optuna on some folds, and what the entire search has gained on another fold."""
