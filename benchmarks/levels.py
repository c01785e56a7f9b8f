"""The three levels of augmentation at which pipelines are compared; each peer's file defines the same."""

from __future__ import annotations

from typing import Any

LEVELS = ("none", "flips, affine, tone", "strong")

POLICIES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "flips, affine, tone": [
        {"op": "hflip", "p": 0.5},
        {"op": "vflip", "p": 0.5},
        {"op": "rotate", "degrees": [-10, 10]},
        {"op": "scale", "factor": [0.8, 1.2]},
        {"op": "translate", "x": [-0.08, 0.08], "y": [-0.08, 0.08]},
        {"op": "shear", "x": [-0.1, 0.1]},
        {"op": "brightness_contrast", "brightness": [-0.1, 0.1], "contrast": [-0.2, 0.2]},
    ],
    "strong": [
        {"op": "crop", "area": [0.5, 1.0], "aspect": [0.8, 1.25]},
        {"op": "hflip", "p": 0.5},
        {"op": "rotate", "degrees": [-15, 15]},
        {"op": "shear", "x": [-0.15, 0.15]},
        {"op": "perspective", "p": 0.3},
        {"op": "elastic", "p": 0.3},
        {"op": "brightness_contrast", "brightness": [-0.15, 0.15], "contrast": [-0.3, 0.3]},
        {"op": "blur", "p": 0.2},
        {"op": "noise", "p": 0.2},
        {"op": "erase", "p": 0.3, "area": [0.02, 0.2]},
    ],
}
"""sketchfit's policies."""
