"""Ensembling on out-of-fold probabilities: methods of combining members, each with a nested estimate."""
