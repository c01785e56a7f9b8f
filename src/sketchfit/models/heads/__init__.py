"""Heads, one per file: its settings, and what builds it. Each file registers its head under the name in recipes.

The files import torch inside their functions, because recipes are checked before torch is imported.
"""

from sketchfit.config.head import HeadSection
from sketchfit.registry import Registry, named_by

heads: Registry[type[HeadSection]] = Registry("head", "sketchfit.heads", __name__, check=named_by(HeadSection, "name"))
