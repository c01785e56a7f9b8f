"""Names of the files of an image store."""

from __future__ import annotations

INDEX = "store.json"
IMAGES = "images.npy"
"""uint8 [N, S, S, C]."""
PAPER = "paper.npy"
"""uint8 [N, C]."""
