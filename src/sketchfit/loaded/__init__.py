"""Loaded models: what a run or a bundle predicts for files, images and arrays of a Python program."""
