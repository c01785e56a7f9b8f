"""Synthetic drawings: parametric objects, a wobbling pen, and a data set of them with known labels."""

from sketchfit.synthetic.dataset import DrawnDataset, draw_dataset

__all__ = ["DrawnDataset", "draw_dataset"]
