"""Draw an object on a page like a collected sketch: any size and aspect, thin and thick lines, grey and some colour,
toned paper, a few inverted, a few with two objects. Make near-copies of such a page.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sketchfit.synthetic.pen import Hand, hatch, ink, redraw
from sketchfit.synthetic.shapes import Dice, Drawer, Strokes, mirror, turn

COPY_KINDS = ("flip", "turn90", "turn180", "turn270", "tilt", "resize", "encode")
"""Kinds of `near_copy`."""

SIDES = (48, 500)
"""Smallest and largest side of a page in pixels."""


@dataclass(frozen=True)
class PageTraits:
    """Properties of a page, as written to `traits.csv`."""

    width: int
    """Pixels."""
    height: int
    """Pixels."""
    line: float
    """Width of the line in pixels, 1–8."""
    quality: int
    """JPEG quality, 50–95."""
    colour: bool
    """Ink of a colour; otherwise black to grey."""
    paper: str
    """`white`, `grey` or `cream`."""
    inverted: bool
    """Light ink on dark paper."""
    objects: int
    """1, or 2 of the same class."""
    hatched: bool
    """The largest closed outline is shaded."""


def draw_page(drawer: Drawer, rng: np.random.Generator) -> tuple[NDArray[np.uint8], PageTraits]:
    """Draw an object of a class on a page of its own.

    Args:
        drawer: the object of the class.
        rng: source of randomness.

    Returns:
        The page, uint8 [H, W] if grey, else [H, W, 3] RGB; and its traits.
    """
    dice = Dice(rng)
    objects = 2 if dice.chance(0.04) else 1
    hatched = dice.chance(0.12)
    hand = Hand.draw(rng)
    bodies = [_body(drawer, hand, hatched, dice) for _ in range(objects)]
    return finished_page(_side_by_side(bodies, dice), hand, dice, objects=objects, hatched=hatched)


def finished_page(
    strokes: Strokes, hand: Hand, dice: Dice, *, objects: int, hatched: bool
) -> tuple[NDArray[np.uint8], PageTraits]:
    """Put strokes on a page of random size, with random pen and paper.

    Args:
        strokes: as the hand drew them, any scale.
        hand: its pressure on the pen.
        dice: source of randomness.
        objects: for the traits.
        hatched: for the traits.

    Returns:
        The page and its traits, as `draw_page`.
    """
    width, height = _size(strokes, dice)
    longer = max(width, height)
    line = float(np.clip(longer * np.exp(dice.between(np.log(0.006), np.log(0.03))), 1.0, 8.0))
    strokes = _placed(strokes, width, height, line, dice)
    if dice.chance(0.06):
        strokes = [*strokes, _scribble(width, height, dice)]
    mask = ink(strokes, width, height, line, hand.pressure, dice.rng)
    paper = str(dice.rng.choice(["white", "grey", "cream"], p=[0.85, 0.08, 0.07]))
    traits = PageTraits(
        width=width, height=height, line=round(line, 2), quality=dice.count(50, 95), colour=dice.chance(0.10),
        paper=paper, inverted=dice.chance(0.03), objects=objects, hatched=hatched,
    )  # fmt: skip
    return _printed(mask, traits, dice.rng), traits


def near_copy(page: NDArray[np.uint8], kind: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a changed copy of the page, as in a padded data set.

    Args:
        page: uint8 [H, W] or [H, W, 3].
        kind: one of `COPY_KINDS`: mirrored left to right; turned by 90, 180 or 270 degrees counter-clockwise; tilted by
            3 to 10 degrees on paper of the same colour; made 0.6 to 1.5 times as large; or left as it is.
        rng: source of randomness.
    """
    if kind == "flip":
        return np.ascontiguousarray(page[:, ::-1])
    if kind.startswith("turn"):
        return np.ascontiguousarray(np.rot90(page, int(kind.removeprefix("turn")) // 90))
    height, width = page.shape[:2]
    if kind == "tilt":
        angle = float(rng.uniform(3.0, 10.0) * rng.choice([-1, 1]))
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 0.95)
        border = [float(np.median(channel)) for channel in page.reshape(height * width, -1).T]
        tilted = cv2.warpAffine(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=border)
        return np.asarray(tilted, dtype=np.uint8)
    if kind == "resize":
        scale = float(rng.uniform(0.6, 0.9) if rng.random() < 0.5 else rng.uniform(1.1, 1.5))
        scale = float(np.clip(scale, SIDES[0] / min(width, height), SIDES[1] / max(width, height)))
        size = (round(width * scale), round(height * scale))
        return np.asarray(
            cv2.resize(page, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR), np.uint8
        )
    return page


def _body(drawer: Drawer, hand: Hand, hatched: bool, dice: Dice) -> Strokes:
    """Return one object, posed, then drawn by the hand; its longer side is about 1, its centre the origin."""
    pose = np.array([[dice.between(0.8, 1.25), 0.0], [float(np.clip(dice.rng.normal(0.0, 0.1), -0.25, 0.25)), 1.0]])
    angle = float(np.clip(dice.rng.normal(0.0, 8.0), -25.0, 25.0))
    flipped = dice.chance(0.5)
    strokes = [turn((mirror(stroke) if flipped else stroke) @ pose, angle) for stroke in drawer(dice)]
    strokes = unit(strokes)
    lines = hatch(strokes, dice.between(20, 160), dice.between(0.035, 0.08)) if hatched else []
    return redraw(strokes + lines, hand, dice.rng)


def unit(strokes: Strokes) -> Strokes:
    """Return the strokes with their longer side 1 and their centre at the origin."""
    low, high = bounds(strokes)
    return [(stroke - (low + high) / 2) / float((high - low).max()) for stroke in strokes]


def bounds(strokes: Strokes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the smallest and largest x and y."""
    points = np.vstack(strokes)
    return points.min(axis=0), points.max(axis=0)


def _side_by_side(bodies: list[Strokes], dice: Dice) -> Strokes:
    """Place all bodies on one plane, side by side or one above the other, with somewhat different sizes."""
    if len(bodies) == 1:
        return bodies[0]
    axis, at = dice.count(0, 1), 0.0
    placed: Strokes = []
    for body in bodies:
        scale = dice.between(0.7, 1.0)
        low, high = bounds(body)
        shift = np.zeros(2)
        shift[axis] = at - scale * low[axis]
        shift[1 - axis] = dice.between(-0.15, 0.15)
        at += scale * float(high[axis] - low[axis]) + dice.between(0.05, 0.2)
        placed += [scale * stroke + shift for stroke in body]
    return placed


def _size(strokes: Strokes, dice: Dice) -> tuple[int, int]:
    """Return width and height of a page that roughly has the aspect of the drawing."""
    low, high = bounds(strokes)
    wide, tall = high - low
    aspect = float(np.clip(wide / max(tall, 1e-6), 0.4, 2.5)) ** dice.between(0.2, 1.0) * dice.between(0.85, 1.18)
    longer = dice.between(64, 128) if dice.chance(0.15) else float(np.exp(dice.between(np.log(128), np.log(500))))
    width, height = (longer, longer / aspect) if aspect > 1 else (longer * aspect, longer)
    return max(SIDES[0], round(width)), max(SIDES[0], round(height))


def _placed(strokes: Strokes, width: int, height: int, line: float, dice: Dice) -> Strokes:
    """Return the strokes in pixels: as large as a margin allows, somewhere on the page, completely visible."""
    low, high = bounds(strokes)
    room = np.array([width, height]) - 2 * line - 2
    scale = dice.between(0.65, 1.0) * float((room / np.maximum(high - low, 1e-6)).min())
    spare = room - scale * (high - low)
    corner = line + 1 + spare * (0.5 + 0.7 * (dice.rng.random(2) - 0.5))
    return [corner + scale * (stroke - low) for stroke in strokes]


def _scribble(width: int, height: int, dice: Dice) -> NDArray[np.float64]:
    """Return a signature in a lower corner."""
    t = np.linspace(0.0, 1.0, 40)
    long, tall = dice.between(0.1, 0.2) * width, dice.between(0.015, 0.03) * height
    x = (0.05 if dice.chance(0.5) else 0.75) * width + long * t + tall * np.sin(dice.between(20, 45) * t)
    return np.stack([x, 0.95 * height + tall * np.cos(dice.between(20, 45) * t)], axis=1)


def _printed(mask: NDArray[np.uint8], traits: PageTraits, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return ink on paper: uint8 [H, W] if both are grey, else [H, W, 3] RGB."""
    tone = float(rng.uniform(0.78, 0.94))
    sheet = {"white": (1.0, 1.0, 1.0), "grey": (tone,) * 3, "cream": (1.0, 0.5 + tone / 2, tone - 0.08)}[traits.paper]
    pen = np.full(3, float(rng.choice([0.0, rng.uniform(0.0, 0.4)])))
    if traits.colour:
        # At least one channel differs much from the others, so that the ink never counts as grey.
        pen = rng.permutation([rng.uniform(0.0, 0.2), rng.uniform(0.0, 0.6), rng.uniform(0.6, 0.85)])
    colour = traits.colour or traits.paper == "cream"
    # Each value of the mask has one colour: a table of 256 is faster than arithmetic on the page.
    share = np.arange(256)[:, None] / 255
    table = np.round(255 * ((1 - share) * np.array(sheet) + share * pen))
    table = 255 - table if traits.inverted else table
    page = np.take(table.astype(np.uint8) if colour else table[:, 0].astype(np.uint8), mask, axis=0)
    if traits.paper != "white":
        grain = rng.integers(-3, 4, mask.shape, dtype=np.int16)
        page = np.clip(page.astype(np.int16) + (grain[..., None] if colour else grain), 0, 255).astype(np.uint8)
    return page
