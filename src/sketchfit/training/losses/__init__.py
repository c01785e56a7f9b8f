"""Losses, one per file: its settings and its formula. Each file registers its loss under the name in recipes.

The files import torch inside their functions, because recipes are checked before torch is imported.
"""

from sketchfit.config.loss import LossSection
from sketchfit.registry import Registry, named_by

losses: Registry[type[LossSection]] = Registry(
    "loss", "sketchfit.losses", __name__, check=named_by(LossSection, "name")
)
