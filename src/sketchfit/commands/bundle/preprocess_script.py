"""`preprocess.py`: the preprocessing of a bundle as one file that needs NumPy and OpenCV alone.

It is made of the source of the functions that prepare training images.
"""

from __future__ import annotations

import inspect

from sketchfit.bundle.manifest import Preprocessing
from sketchfit.data import neutral, paper, resize
from sketchfit.transforms import resample

_FUNCTIONS = (
    neutral.grey_if_neutral,
    paper.paper_colour,
    paper.contrast,
    resize.ink_box,
    resize.to_square,
    resize._cut_to_ink,
    resize._with_margin,
    resize._pad,
    resize._border,
    resize._resize,
    resize._three_axes,
    resample.averages,
    resample.resize,
)

_CONSTANTS = {
    "GREY_TOLERANCE": neutral.GREY_TOLERANCE,
    "FRAME": paper.FRAME,
    "INK_CONTRAST": resize.INK_CONTRAST,
    "INK_MARGIN": resize.INK_MARGIN,
    "FREE_PIXELS": resize.FREE_PIXELS,
    "_DENSE": resample._DENSE,
}

_HEAD = '''"""Prepare images as in training: for the network in timm, for network.onnx, and for its other forms.

`model.onnx` needs none of this. Needs numpy and opencv-python. Licence of this file: Apache-2.0.

    pictures = prepare(image)  # uint8 [H, W] grey or [H, W, 3] RGB, upright, on white where it was transparent
"""

from __future__ import annotations

import math

import cv2
import numpy as np
'''

_PREPARE = '''def prepare(image):
    """Return an image uint8 [H, W] or [H, W, 3] RGB as the network's input, uint8 [1, SIZE, SIZE, CHANNELS]."""
    image = grey_if_neutral(image)
    if image.ndim == 3 and CHANNELS == 1:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    square, _ = to_square(image if image.ndim == 3 else image[:, :, None], STORED, RESIZE)
    picture = resize(square, SIZE)
    return np.repeat(picture, CHANNELS // picture.shape[2], axis=2)[None]
'''


def preprocess_script(settings: Preprocessing) -> str:
    """Return the text of the file."""
    own = {
        "STORED": settings.stored,
        "SIZE": settings.size,
        "CHANNELS": settings.channels,
        "RESIZE": settings.resize,
    }
    constants = "\n".join(f"{name} = {value!r}" for name, value in (own | _CONSTANTS).items())
    functions = [inspect.getsource(function) for function in _FUNCTIONS]
    return "\n\n".join([f"{_HEAD}\n{constants}\n", *functions, _PREPARE])
