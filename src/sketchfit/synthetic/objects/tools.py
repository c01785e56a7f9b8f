"""Tools, toys and instruments."""

from __future__ import annotations

import numpy as np

from sketchfit.synthetic.shapes import Dice, Strokes, arc, box, curve, line, loop, mirror, turn


def scissors(d: Dice) -> Strokes:
    """Two crossing blades with ring handles."""
    opening, r, length = d.between(12, 32), d.between(0.15, 0.22), d.between(0.7, 0.95)
    w = d.between(0.05, 0.08)
    half = [
        loop((0, -length), (w, 0.1), (-w * 0.4, 0.15)),
        line((0, 0.12), (-0.1, 0.4)),
        arc(-0.14, 0.4 + r, r, r * 1.25, 0),
    ]
    if d.chance(0.4):
        half += [arc(-0.14, 0.4 + r, r * 0.65, r * 0.85)]
    half = [turn(s, opening / 2) for s in half]
    strokes = [*half, *[mirror(s) for s in half], arc(0, 0.06, 0.03)]
    angle = d.between(-90, 90)
    return [turn(s, angle) for s in strokes]


def hammer(d: Dice) -> Strokes:
    """A head, flat on one side and clawed or wedged on the other, on a handle."""
    w, length, h = d.between(0.04, 0.07), d.between(0.9, 1.3), d.between(0.1, 0.14)
    strokes = [line((-w, h), (-w * 1.3, length), (w * 1.3, length), (w, h))]
    face = d.between(0.25, 0.35)
    if d.chance(0.6):
        strokes += [
            box(-face, -h, -face + 0.12, h),
            line((-face + 0.12, -h * 0.8), (0.15, -h * 0.8)),
            line((-face + 0.12, h * 0.8), (0.15, h)),
        ]
        strokes += [
            curve((0.15, -h * 0.8), (0.35, -h * 0.7), (0.5, h * 1.2)),
            curve((0.15, h), (0.3, h * 0.5), (0.5, h * 1.2)),
        ]
    else:
        strokes += [loop((-face, -h), (face * 0.9, -h), (face * 1.5, h * 0.1), (face * 0.9, h), (-face, h))]
    if d.chance(0.4):
        strokes += [line((-w * 1.25, length - 0.35), (w * 1.25, length - 0.35))]
    angle = d.between(-50, 50)
    return [turn(s, angle) for s in strokes]


def axe(d: Dice) -> Strokes:
    """A wedge with a curved edge on a handle."""
    w, length, reach = d.between(0.04, 0.06), d.between(1.1, 1.5), d.between(0.35, 0.5)
    high = d.between(0.22, 0.32)
    strokes = [line((-w, -0.2), (-w, length), (w, length), (w, -0.2), (-w, -0.2))]
    strokes += [
        curve((w, -0.1), (reach * 0.6, -0.14), (reach, -high)),
        curve((w, 0.2), (reach * 0.6, 0.24), (reach, high + 0.1)),
    ]
    strokes += [curve((reach, -high), (reach + 0.1, 0.05), (reach, high + 0.1))]
    if d.chance(0.3):
        blade = [mirror(s) for s in strokes[1:]]
        strokes += blade
    angle = d.between(-50, 50)
    return [turn(s, angle) for s in strokes]


def pencil(d: Dice) -> Strokes:
    """A long body, a sharpened tip, a rubber at the end."""
    w, length, tip = d.between(0.07, 0.12), d.between(0.9, 1.3), d.between(0.22, 0.35)
    strokes = [
        line((0, -w), (length, -w), (length + tip, 0), (length, w), (0, w)),
        line((length, -w), (length + 0.03, 0), (length, w)),
    ]
    strokes += [line((length + tip * 0.7, -w * 0.3), (length + tip * 0.7, w * 0.3))]
    strokes += [
        line((0, -w), (0, w)),
        arc(-0.1, 0, 0.1, w, 90, 180),
        line((-0.1, -w), (0, -w)),
        line((-0.1, w), (0, w)),
    ]
    if d.chance(0.6):
        strokes += [line((0.1, -w), (0.1, w))]
    if d.chance(0.6):
        strokes += [line((0.1, w * y), (length, w * y)) for y in (-0.35, 0.35)]
    angle = d.between(-80, 80)
    return [turn(s, angle) for s in strokes]


def guitar(d: Dice) -> Strokes:
    """A waisted body, a hole, a neck with frets, a head with pegs, strings."""
    low, up, waist, neck = d.between(0.36, 0.44), d.between(0.26, 0.33), d.between(0.18, 0.24), d.between(0.6, 0.85)
    right = [(0.05, -0.35), (up * 0.8, -0.3), (up, -0.12), (waist, 0.1), (low, 0.4), (low * 0.7, 0.7), (0.0, 0.78)]
    side = curve(*right)
    strokes = [side, mirror(side), arc(0, 0.08, d.between(0.1, 0.14))]
    top = -0.35 - neck
    strokes += [line((-0.05, -0.33), (-0.05, top)), line((0.05, -0.33), (0.05, top)), box(-0.09, top - 0.22, 0.09, top)]
    strokes += [line((-0.14, 0.5), (0.14, 0.5))]
    for k in range(d.count(0, 6)):
        strokes += [line((-0.05, top + 0.1 * (k + 1)), (0.05, top + 0.1 * (k + 1)))]
    if d.chance(0.6):
        strokes += [line((x, top), (x, 0.5)) for x in (-0.02, 0.02)]
    if d.chance(0.6):
        strokes += [line((s * 0.09, top - y), (s * 0.15, top - y)) for s in (-1, 1) for y in (0.05, 0.11, 0.17)]
    angle = d.between(-50, 50)
    return [turn(s, angle) for s in strokes]


def drum(d: Dice) -> Strokes:
    """A cylinder with zigzag ropes, perhaps two sticks."""
    w, h, rim, n = d.between(0.5, 0.65), d.between(0.45, 0.65), d.between(0.12, 0.2), d.count(3, 5)
    strokes = [arc(0, 0, w, rim), line((-w, 0), (-w, h)), line((w, 0), (w, h)), arc(0, h, w, rim, 0, 180)]
    x = np.linspace(-w, w, 2 * n + 1)
    y = np.where(np.arange(2 * n + 1) % 2 == 0, 0.0, h) + rim * np.sqrt(np.maximum(0, 1 - (x / w) ** 2))
    strokes += [np.stack([x, y], axis=1)]
    if d.chance(0.5):
        strokes += [line((s * 0.1, -0.03), (s * 0.6, -0.5)) for s in (-1, 1)] + [
            arc(s * 0.08, -0.02, 0.05) for s in (-1, 1)
        ]
    return strokes


def magnifier(d: Dice) -> Strokes:
    """A lens in a ring, on a handle."""
    r, length, w = d.between(0.35, 0.48), d.between(0.5, 0.8), d.between(0.04, 0.08)
    strokes = [arc(0, 0, r), line((-w, r), (-w, r + length), (w, r + length), (w, r))]
    if d.chance(0.7):
        strokes += [arc(0, 0, r * d.between(0.8, 0.88))]
    if d.chance(0.5):
        strokes += [arc(0, 0, r * 0.6, r * 0.6, 190, 60)]
    angle = d.between(-70, 70)
    return [turn(s, angle) for s in strokes]


def fork(d: Dice) -> Strokes:
    """Three or four prongs, a neck, a handle."""
    n, w, tall, length = d.count(3, 4), d.between(0.14, 0.2), d.between(0.3, 0.45), d.between(0.7, 1.0)
    strokes = [line((x, -tall), (x, 0)) for x in np.linspace(-w, w, n)]
    strokes += [curve((-w, 0), (-w * 0.7, 0.15), (-0.04, 0.25)), curve((w, 0), (w * 0.7, 0.15), (0.04, 0.25))]
    strokes += [
        curve(
            (-0.04, 0.25),
            (-0.04, 0.25 + length * 0.6),
            (-0.08, 0.25 + length),
            (0.08, 0.25 + length),
            (0.04, 0.25 + length * 0.6),
            (0.04, 0.25),
        )
    ]
    angle = d.between(-45, 45)
    return [turn(s, angle) for s in strokes]


def arrow(d: Dice) -> Strokes:
    """An outlined arrow, or a thin one with feathers."""
    angle, length = d.between(-60, 60), d.between(0.8, 1.2)
    if d.chance(0.5):
        w, head, reach = d.between(0.08, 0.16), d.between(0.25, 0.35), d.between(0.3, 0.45)
        strokes = [
            loop((0, -w), (length, -w), (length, -head), (length + reach, 0), (length, head), (length, w), (0, w))
        ]
    else:
        strokes = [
            line((0, 0), (length * 1.3, 0)),
            line((length * 1.3 - 0.2, -0.14), (length * 1.3, 0), (length * 1.3 - 0.2, 0.14)),
        ]
        strokes += [line((-0.12 + 0.08 * k, s * 0.13), (0.08 * k, 0)) for k in range(d.count(2, 4)) for s in (-1, 1)]
    return [turn(s, angle) for s in strokes]


def ring(d: Dice) -> Strokes:
    """A finger ring with a cut stone."""
    r, w, h = d.between(0.45, 0.55), d.between(0.18, 0.28), d.between(0.16, 0.24)
    strokes = [arc(0, 0, r), arc(0, 0, r * d.between(0.78, 0.88))]
    top = -r - h
    strokes += [
        loop((-w * 0.5, -r), (-w, top), (-w * 0.6, top - 0.12), (w * 0.6, top - 0.12), (w, top), (w * 0.5, -r)),
        line((-w, top), (w, top)),
    ]
    if d.chance(0.6):
        strokes += [line((-w * 0.35, top), (0, -r), (w * 0.35, top))]
    return strokes
