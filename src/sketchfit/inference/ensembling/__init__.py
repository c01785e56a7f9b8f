"""Ensembling on out-of-fold probabilities: ways to combine members, each with a nested estimate of what it is worth."""
