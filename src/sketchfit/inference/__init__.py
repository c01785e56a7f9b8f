"""Probabilities and all that is made of them: metrics, TTA, calibration, ensembling, submission."""
