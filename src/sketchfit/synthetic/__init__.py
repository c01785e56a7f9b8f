"""Synthetic drawings: parametric objects, a wobbling pen, and a data set of them with known labels."""

from sketchfit.synthetic.dataset import DrawnDataset, draw, draw_dataset
from sketchfit.synthetic.settings import DrawSettings

__all__ = ["DrawSettings", "DrawnDataset", "draw", "draw_dataset"]
