"""Related drawings: one object of fixed shape, like a photo, drawn several times by different hands.

Models of a class differ strongly: proportions, parts, point of view, surroundings. The drawings of a model have its
geometry, except for the mistakes of a hand, which are too large for near-duplicates. How strongly models differ is
chosen so that a trained network is about 20 points better on plain folds than on drawings of new models, as on public
drawings after photos; see docs/drawn-data.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sketchfit.synthetic.drawn_page import PageTraits, bounds, finished_page, unit
from sketchfit.synthetic.pen import Hand, hatch, redraw
from sketchfit.synthetic.shapes import Dice, Drawer, Strokes, box, curve, line, loop, mirror, turn

_SMALL = 0.3
"""Largest share of all line that a stroke may have to be left out: a house without its walls is no house."""


@dataclass(frozen=True)
class DrawnModel:
    """One object of fixed shape and what is around it. The longer side of both is 1, the centre is the origin."""

    strokes: Strokes
    """Of the object."""
    surroundings: Strokes
    """Of the background and of other things next to the object; often none."""


def draw_model(drawer: Drawer, rng: np.random.Generator) -> DrawnModel:
    """Return a random model of a class.

    Args:
        drawer: the object of the class.
        rng: source of randomness.
    """
    dice = Dice(rng)
    strokes = unit(_most_parts(drawer(dice), 0.14, dice))
    if dice.chance(0.5):
        strokes = [mirror(stroke) for stroke in strokes]
    view = _view(dice, stretch=0.24, slant=0.16, degrees=13.0)
    strokes = unit([stroke @ view for stroke in _bent(strokes, 0.044, rng)])
    every = unit([*strokes, *_surroundings(strokes, dice)])
    return DrawnModel(every[: len(strokes)], every[len(strokes) :])


def draw_again(model: DrawnModel, rng: np.random.Generator) -> tuple[NDArray[np.uint8], PageTraits]:
    """Draw a model by another hand.

    Args:
        model: of `draw_model`.
        rng: source of randomness; the same one draws the same page.

    Returns:
        The page, uint8 [H, W] if grey, else [H, W, 3] RGB; and its traits.
    """
    dice = Dice(rng)
    hand = Hand.draw(rng)
    # Even a steady hand misses the proportions; without that, drawings of one model are near-duplicates.
    hand = replace(hand, sway=hand.sway + 0.006, drift=hand.drift + 0.01)
    hatched = dice.chance(0.1)
    strokes = _most_parts(model.strokes, 0.04, dice)
    view = _view(dice, stretch=0.1, slant=0.05, degrees=4.0)
    every = unit([stroke @ view for stroke in _bent([*strokes, *model.surroundings], 0.03, rng)])
    if hatched:
        every += hatch(every[: len(strokes)], dice.between(20, 160), dice.between(0.035, 0.08))
    return finished_page(redraw(every, hand, rng), hand, dice, objects=1, hatched=hatched)


def _most_parts(strokes: Strokes, share: float, dice: Dice) -> Strokes:
    """Leave small strokes out, each with probability `share`."""
    lengths = np.array([np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes])
    left_out = [dice.chance(share) for _ in strokes] & (lengths < _SMALL * lengths.sum())
    kept = [stroke for stroke, out in zip(strokes, left_out, strict=True) if not out]
    return kept or strokes


def _view(dice: Dice, *, stretch: float, slant: float, degrees: float) -> NDArray[np.float64]:
    """Return a random matrix [2, 2] that changes the proportions, slants and turns the drawing.

    The logarithm of the proportions, the slant and the angle are normally distributed with these standard deviations,
    but at most twice as large.
    """
    log_wide, across, angle = np.clip(dice.rng.normal(size=3), -2.0, 2.0) * (stretch, slant, degrees)
    return turn(np.array([[np.exp(log_wide), 0.0], [across, 1.0]]), float(angle))


def _bent(strokes: Strokes, size: float, rng: np.random.Generator) -> Strokes:
    """Move points smoothly: four plane waves per axis with wavelengths of 0.7 to 2 and standard deviation `size`."""
    direction = rng.uniform(0.0, 2 * np.pi, (2, 4))
    wave = 2 * np.pi / rng.uniform(0.7, 2.0, (2, 4)) * np.stack([np.cos(direction), np.sin(direction)])
    phase = rng.uniform(0.0, 2 * np.pi, (2, 4))
    amplitude = size / np.sqrt(2)
    return [
        stroke + amplitude * np.sin(np.einsum("kx,xaw->kaw", stroke, wave) + phase).sum(axis=2) for stroke in strokes
    ]


def _surroundings(strokes: Strokes, dice: Dice) -> Strokes:
    """Return what else is in the picture, often nothing."""
    low, high = bounds(strokes)
    kind = str(dice.rng.choice(["nothing", "ground", "frame", "hills", "grass"], p=[0.66, 0.11, 0.06, 0.06, 0.11]))
    things = _things(float(low[0]), float(high[0]), dice) if dice.chance(0.2) else []
    return [*things, *_background(kind, low, high, dice)]


def _background(kind: str, low: NDArray[np.float64], high: NDArray[np.float64], dice: Dice) -> Strokes:
    """Return the strokes of a kind of background around the box from `low` to `high`, both (x, y)."""
    (left, top), (right, bottom) = low, high
    level = bottom - dice.between(0.0, 0.15)
    side = dice.between(0.05, 0.4)
    if kind == "ground":
        return [line((left - side, level), (right + dice.between(0.05, 0.4), level + dice.between(-0.05, 0.05)))]
    if kind == "frame":
        gap = dice.between(0.04, 0.15)
        return [box(left - gap, top - gap, right + gap, bottom + gap)]
    if kind == "hills":
        heights = dice.rng.uniform(0.1, 0.5, 5)
        across = np.linspace(left - side, right + side, 5)
        return [curve(*[(float(x), float(level - h)) for x, h in zip(across, heights, strict=True)])]
    if kind == "grass":
        roots = dice.rng.uniform(left - side, right + side, dice.count(4, 12))
        tall = dice.between(0.05, 0.15)
        return [line((x, bottom), (x + dice.between(-0.04, 0.04), bottom - tall)) for x in roots.tolist()]
    return []


def _things(left: float, right: float, dice: Dice) -> Strokes:
    """Return one to three closed outlines next to the object: round, angular or irregular."""
    things = []
    for _ in range(dice.count(1, 3)):
        size, corners = dice.between(0.06, 0.22), dice.count(3, 7)
        x = right + size if dice.chance(0.5) else left - size
        angle = 2 * np.pi * (np.arange(corners) + dice.rng.uniform(-0.3, 0.3, corners)) / corners
        radius = size * dice.rng.uniform(0.5, 1.0, corners)
        points = np.stack([x + radius * np.cos(angle), dice.between(-0.4, 0.4) + radius * np.sin(angle)], axis=1)
        outline = [(float(a), float(b)) for a, b in points]
        things.append(curve(*outline, closed=True) if dice.chance(0.5) else loop(*outline))
    return things
