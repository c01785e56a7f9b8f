"""Related drawings: one object of fixed shape, like a photo, drawn several times by different hands.

Models of a class differ strongly: proportions, parts, point of view, surroundings. The drawings of a model have its
geometry, except for the mistakes of a hand, which are too large for near-duplicates.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.synthetic.drawn_page import PageTraits, bounds, finished_page, unit
from sketchfit.synthetic.pen import Hand, hatch, redraw
from sketchfit.synthetic.shapes import Dice, Drawer, Stroke, Strokes, box, curve, line, mirror, turn


def draw_model(drawer: Drawer, rng: np.random.Generator) -> Strokes:
    """Return the strokes of one object of fixed shape; the longer side is 1, the centre is the origin.

    Args:
        drawer: the object of the class.
        rng: source of randomness.
    """
    dice = Dice(rng)
    strokes = unit(_some_parts(drawer(dice), 0.1, dice))
    if dice.chance(0.5):
        strokes = [mirror(stroke) for stroke in strokes]
    view = _stretch(dice, 0.22, 0.15)
    angle = float(np.clip(rng.normal(0.0, 12.0), -35.0, 35.0))
    strokes = unit([turn(stroke @ view, angle) for stroke in _bent(strokes, 0.04, rng)])
    return unit([*strokes, *_surroundings(strokes, dice)])


def draw_again(strokes: Strokes, rng: np.random.Generator) -> tuple[NDArray[np.uint8], PageTraits]:
    """Draw a model by another hand.

    Args:
        strokes: of `draw_model`.
        rng: source of randomness; the same one draws the same page.

    Returns:
        The page, uint8 [H, W] if grey, else [H, W, 3] RGB; and its traits.
    """
    dice = Dice(rng)
    hand = Hand.draw(rng)
    # Even a steady hand misses the proportions; without that, drawings of one model are near-duplicates.
    hand = replace(hand, sway=hand.sway + 0.006, drift=hand.drift + 0.01)
    hatched = dice.chance(0.1)
    strokes = _some_parts(strokes, 0.04, dice)
    view = _stretch(dice, 0.1, 0.05)
    angle = float(np.clip(rng.normal(0.0, 4.0), -10.0, 10.0))
    strokes = unit([turn(stroke @ view, angle) for stroke in _bent(strokes, 0.03, rng)])
    lines = hatch(strokes, dice.between(20, 160), dice.between(0.035, 0.08)) if hatched else []
    return finished_page(redraw(strokes + lines, hand, rng), hand, dice, objects=1, hatched=hatched)


def _some_parts(strokes: Strokes, share: float, dice: Dice) -> Strokes:
    """Leave strokes out, each with probability `share`; the longest stroke stays."""
    longest = max(range(len(strokes)), key=lambda k: float(np.hypot(*np.diff(strokes[k], axis=0).T).sum()))
    return [stroke for k, stroke in enumerate(strokes) if k == longest or not dice.chance(share)]


def _stretch(dice: Dice, spread: float, shear: float) -> NDArray[np.float64]:
    """Return a random matrix [2, 2] that changes the proportions and slants the drawing."""
    wide = float(np.exp(np.clip(dice.rng.normal(0.0, spread), -2 * spread, 2 * spread)))
    slant = float(np.clip(dice.rng.normal(0.0, shear), -2 * shear, 2 * shear))
    return np.array([[wide, 0.0], [slant, 1.0]])


def _bent(strokes: Strokes, size: float, rng: np.random.Generator) -> Strokes:
    """Move points smoothly: four plane waves per axis with wavelengths of 0.7 to 2 and standard deviation `size`."""
    direction = rng.uniform(0.0, 2 * np.pi, (2, 4))
    wave = 2 * np.pi / rng.uniform(0.7, 2.0, (2, 4)) * np.stack([np.cos(direction), np.sin(direction)])
    phase = rng.uniform(0.0, 2 * np.pi, (2, 4))
    amplitude = size / np.sqrt(2)
    return [
        stroke + amplitude * np.sin(np.einsum("kx,xaw->kaw", stroke, wave) + phase).sum(axis=2) for stroke in strokes
    ]


def _surroundings(strokes: Strokes, dice: Dice) -> list[Stroke]:
    """Return what else is in the picture: nothing, the ground, a frame, hills, grass."""
    (left, top), (right, bottom) = bounds(strokes)
    kind = str(dice.rng.choice(["nothing", "ground", "frame", "hills", "grass"], p=[0.68, 0.1, 0.06, 0.06, 0.1]))
    low = bottom - dice.between(0.0, 0.15)
    side = dice.between(0.05, 0.4)
    if kind == "ground":
        return [line((left - side, low), (right + dice.between(0.05, 0.4), low + dice.between(-0.05, 0.05)))]
    if kind == "frame":
        gap = dice.between(0.04, 0.15)
        return [box(left - gap, top - gap, right + gap, bottom + gap)]
    if kind == "hills":
        heights = dice.rng.uniform(0.1, 0.5, 5)
        across = np.linspace(left - side, right + side, 5)
        return [curve(*[(float(x), float(low - h)) for x, h in zip(across, heights, strict=True)])]
    if kind == "grass":
        roots = dice.rng.uniform(left - side, right + side, dice.count(4, 12))
        tall = dice.between(0.05, 0.15)
        return [line((x, bottom), (x + dice.between(-0.04, 0.04), bottom - tall)) for x in roots.tolist()]
    return []
