"""Buildings, vehicles and other things met outdoors."""

from __future__ import annotations

import numpy as np

from sketchfit.synthetic.shapes import Dice, Stroke, Strokes, arc, box, curve, line, loop, mirror, ray, turn


def house(d: Dice) -> Strokes:
    """Walls, a roof, a door, windows, perhaps a chimney with smoke."""
    w, h, roof, eaves = d.between(0.4, 0.65), d.between(0.5, 0.75), d.between(0.3, 0.6), d.between(0.0, 0.12)
    strokes = [line((-w, 0), (-w, h), (w, h), (w, 0)), loop((-w - eaves, 0), (0, -roof), (w + eaves, 0))]
    door, tall, x = d.between(0.08, 0.13), d.between(0.28, 0.42), d.between(-0.15, 0.15) * w
    strokes += [line((x - door, h), (x - door, h - tall), (x + door, h - tall), (x + door, h))]
    for s in (-1, 1):
        if d.chance(0.8):
            size, cx, cy = d.between(0.07, 0.11), s * w * 0.62, h * 0.3
            strokes += [box(cx - size, cy - size, cx + size, cy + size)]
            if d.chance(0.6):
                strokes += [line((cx, cy - size), (cx, cy + size)), line((cx - size, cy), (cx + size, cy))]
    if d.chance(0.5):
        cx, top = w * 0.55, -roof * 0.9
        strokes += [line((cx - 0.07, -roof * 0.52), (cx - 0.07, top), (cx + 0.07, top), (cx + 0.07, -roof * 0.3))]
        if d.chance(0.4):
            strokes += [curve((cx, top - 0.05), (cx + 0.1, top - 0.15), (cx, top - 0.25), (cx + 0.12, top - 0.38))]
    if d.chance(0.25):
        strokes += [arc(0, -roof * 0.4, 0.09)]
    return strokes


def castle(d: Dice) -> Strokes:
    """Two towers, a wall between them, battlements or pointed roofs, a gate, flags."""
    w, h, tower = d.between(0.45, 0.6), d.between(0.5, 0.65), d.between(0.14, 0.2)
    up = d.between(0.15, 0.35)
    strokes: Strokes = []
    pointed = d.chance(0.5)
    for s in (-1, 1):
        x = s * w
        strokes += [line((x - tower, h), (x - tower, -up), (x + tower, -up), (x + tower, h))]
        if pointed:
            strokes += [loop((x - tower - 0.05, -up), (x, -up - 0.4), (x + tower + 0.05, -up))]
        else:
            strokes += [_battlement(x - tower - 0.04, x + tower + 0.04, -up, 3)]
        if d.chance(0.5):
            top = -up - (0.4 if pointed else 0.12)
            strokes += [line((x, top), (x, top - 0.25), (x + 0.16, top - 0.19), (x, top - 0.12))]
        if d.chance(0.6):
            strokes += [box(x - 0.04, 0, x + 0.04, 0.14)]
    strokes += [_battlement(-w + tower, w - tower, 0.12, d.count(3, 4)), line((-w - tower, h), (w + tower, h))]
    gate = d.between(0.1, 0.16)
    return [*strokes, np.vstack([line((-gate, h)), arc(0, h - 0.22, gate, gate, 180, 180), line((gate, h))])]


def _battlement(left: float, right: float, y: float, teeth: int) -> Stroke:
    step, points = (right - left) / (2 * teeth - 1), []
    for k in range(2 * teeth - 1):
        top = y - (step if k % 2 == 0 else 0)
        points += [(left + k * step, top), (left + (k + 1) * step, top)]
    return line((left, y), *points, (right, y))


def car(d: Dice) -> Strokes:
    """A side view: body, cabin, two wheels."""
    length, cabin, roof, r = d.between(0.85, 1.05), d.between(0.35, 0.5), d.between(0.25, 0.42), d.between(0.14, 0.2)
    front, slope = d.between(-0.1, 0.1), d.between(0.1, 0.25)
    left, right = (-length, 0.2), (length, 0.2)
    if d.chance(0.5):
        nose, tail = (-length, -0.05), (length * 0.95, -0.02)
        windscreen = (-cabin - slope, -0.1), (-cabin + 0.05, -roof - 0.05)
        rear = (cabin - 0.05, -roof - 0.05), (cabin + slope, -0.1)
        body = curve(left, nose, *windscreen, *rear, tail, right)
    else:
        nose, tail = (-length, -0.1), (length, -0.08)
        windscreen = (-cabin - slope + front, -0.1), (-cabin + front, -roof)
        rear = (cabin + front, -roof), (cabin + slope + front, -0.1)
        body = line(left, nose, *windscreen, *rear, tail, right)
    x = length * d.between(0.52, 0.62)
    strokes = [body, line(left, (-x - r, 0.2)), line((-x + r, 0.2), (x - r, 0.2)), line((x + r, 0.2), right)]
    for s in (-1, 1):
        strokes += [arc(s * x, 0.22, r, r, d.between(0, 360))]
        if d.chance(0.6):
            strokes += [arc(s * x, 0.22, r * d.between(0.3, 0.55))]
    if d.chance(0.8):
        strokes += [_car_window(-1, cabin, slope, roof, front), _car_window(1, cabin, slope, roof, front)]
    if d.chance(0.4):
        strokes += [line((0.02, -0.08), (0.02, 0.18)), line((0.08, 0.0), (0.15, 0.0))]
    if d.chance(0.4):
        strokes += [arc(length - 0.06, 0.03, 0.05)]
    return strokes


def _car_window(side: int, cabin: float, slope: float, roof: float, front: float) -> Stroke:
    top = -roof + 0.07
    bottom_corner, top_corner = side * (cabin + slope * 0.4) + front, side * cabin * 0.85 + front
    middle = side * 0.03 + front
    return loop((bottom_corner, -0.1), (top_corner, top), (middle, top), (middle, -0.1))


def bus(d: Dice) -> Strokes:
    """A long box with a row of windows and wheels."""
    length, h, r, n = d.between(0.8, 1.05), d.between(0.28, 0.4), d.between(0.11, 0.16), d.count(3, 6)
    strokes = [box(-length, -h, length, h)]
    size = 2 * length * 0.82 / n
    for k in range(n):
        left = -length * 0.93 + k * size
        strokes += [box(left, -h * 0.65, left + size * 0.75, -h * 0.05)]
    strokes += [box(length * 0.78, -h * 0.65, length * 0.95, h * 0.85)]
    for x in (-length * 0.6, length * 0.5):
        strokes += [arc(x, h, r, r, d.between(0, 360))]
        if d.chance(0.5):
            strokes += [arc(x, h, r * 0.45)]
    if d.chance(0.5):
        strokes += [line((-length, h * 0.2), (length * 0.78, h * 0.2))]
    return strokes


def bicycle(d: Dice) -> Strokes:
    """Two wheels, a diamond frame, handlebar, saddle."""
    r, gap = d.between(0.32, 0.42), d.between(0.5, 0.6)
    rear, front, crank = (-gap, 0.0), (gap, 0.0), (-0.08, d.between(0.0, 0.08))
    seat, head = (-0.22, d.between(-0.5, -0.4)), (gap - 0.17, d.between(-0.55, -0.45))
    strokes = [arc(*rear, r, r, d.between(0, 360)), arc(*front, r, r, d.between(0, 360))]
    strokes += [loop(rear, seat, crank), line(seat, head, crank), line(front, head, (head[0] - 0.04, head[1] - 0.15))]
    bar = (head[0] - 0.04, head[1] - 0.15)
    strokes += [
        curve(bar, (bar[0] + 0.12, bar[1] - 0.02), (bar[0] + 0.14, bar[1] + 0.1))
        if d.chance(0.5)
        else line((bar[0] - 0.14, bar[1] - 0.02), bar)
    ]
    strokes += [
        line(seat, (seat[0] - 0.03, seat[1] - 0.1)),
        line((seat[0] - 0.15, seat[1] - 0.1), (seat[0] + 0.08, seat[1] - 0.1)),
    ]
    if d.chance(0.5):
        strokes += [arc(*crank, d.between(0.05, 0.09))]
    if d.chance(0.4):
        n, first = d.count(4, 10), d.between(0, 60)
        strokes += [ray(*hub, first + 360 * k / n, 0, r) for hub in (rear, front) for k in range(n)]
    return strokes


def boat(d: Dice) -> Strokes:
    """A hull, a mast, one or two sails, perhaps waves and a flag."""
    w, h, mast = d.between(0.6, 0.8), d.between(0.2, 0.32), d.between(0.8, 1.1)
    hull = line if d.chance(0.6) else curve
    strokes = [np.vstack([line((-w, 0)), hull((-w, 0), (-w * 0.65, h), (w * 0.65, h), (w, 0))]), line((-w, 0), (w, 0))]
    x = d.between(-0.15, 0.1)
    strokes += [line((x, 0), (x, -mast))]
    strokes += [loop((x + 0.04, -mast), (x + 0.04, -0.12), (x + w * d.between(0.6, 0.85), -0.12))]
    if d.chance(0.65):
        strokes += [loop((x - 0.04, -mast * 0.9), (x - 0.04, -0.12), (x - w * d.between(0.4, 0.65), -0.12))]
    if d.chance(0.35):
        strokes += [loop((x, -mast), (x + 0.15, -mast - 0.06), (x, -mast - 0.12))]
    if d.chance(0.4):
        wave = np.linspace(-1.1, 1.1, 40)
        strokes += [np.stack([wave, h + 0.06 + 0.04 * np.sin(14 * wave)], axis=1)]
    return strokes


def ladder(d: Dice) -> Strokes:
    """Two rails and rungs, leaning."""
    w, top, n = d.between(0.18, 0.26), d.between(0.12, 0.2), d.count(4, 9)
    strokes = [line((-w, 1), (-top, -1)), line((w, 1), (top, -1))]
    for k in range(n):
        y = 0.85 - 1.7 * k / (n - 1)
        x = w + (top - w) * (1 - y) / 2
        strokes += [line((-x, y), (x, y))]
    lean = d.between(-0.3, 0.3)
    return [np.stack([s[:, 0] - lean * s[:, 1], s[:, 1]], axis=1) for s in strokes]


def fence(d: Dice) -> Strokes:
    """Pickets with pointed or flat tops on two rails."""
    n, w, pointed = d.count(4, 7), d.between(0.08, 0.11), d.chance(0.7)
    strokes: Strokes = []
    for k in range(n):
        x = 0.3 * k
        tip = [(x, -0.6)] if pointed else []
        strokes += [line((x - w, 0.5), (x - w, -0.45), *tip, (x + w, -0.45), (x + w, 0.5), (x - w, 0.5))]
    for y in (d.between(-0.3, -0.2), d.between(0.2, 0.3)):
        for k in range(n - 1):
            strokes += [
                line((0.3 * k + w, y), (0.3 * (k + 1) - w, y)),
                line((0.3 * k + w, y + 0.1), (0.3 * (k + 1) - w, y + 0.1)),
            ]
    return strokes


def kite(d: Dice) -> Strokes:
    """A diamond with crossed spars and a tail with bows."""
    w, top, low = d.between(0.35, 0.5), d.between(0.35, 0.5), d.between(0.6, 0.8)
    strokes = [loop((0, -top), (w, 0), (0, low), (-w, 0))]
    if d.chance(0.85):
        strokes += [line((0, -top), (0, low)), line((-w, 0), (w, 0))]
    swing = d.between(0.1, 0.25)
    knots = [(0.0, low), (swing, low + 0.2), (-swing * 0.6, low + 0.42), (swing * 0.8, low + 0.65)]
    strokes += [curve(*knots)]
    for x, y in knots[1:]:
        if d.chance(0.7):
            strokes += [
                loop((x, y), (x + 0.1, y - 0.06), (x + 0.1, y + 0.06)),
                loop((x, y), (x - 0.1, y - 0.06), (x - 0.1, y + 0.06)),
            ]
    angle = d.between(-30, 30)
    return [turn(s, angle) for s in strokes]


def bridge(d: Dice) -> Strokes:
    """A deck hung from two towers, or carried by arches."""
    strokes = [line((-1.1, 0), (1.1, 0)), line((-1.1, 0.09), (1.1, 0.09))]
    if d.chance(0.6):
        x, top, deep = d.between(0.5, 0.65), d.between(0.5, 0.75), d.between(0.25, 0.4)
        for s in (-1, 1):
            strokes += [line((s * x - 0.04, deep), (s * x - 0.04, -top), (s * x + 0.04, -top), (s * x + 0.04, deep))]
            strokes += [curve((s * x, -top), (s * (x + 0.22), -top * 0.35), (s * 1.1, 0))]
        strokes += [curve((-x, -top), (-x * 0.5, -top * 0.35), (0, -0.08), (x * 0.5, -top * 0.35), (x, -top))]
        for k in range(-d.count(2, 4), 5):
            if abs(k * 0.12) < x:
                share = k * 0.12 / x
                strokes += [line((k * 0.12, 0), (k * 0.12, -0.08 - (top - 0.08) * share**2))]
        return strokes
    n = d.count(2, 4)
    w, rise, foot = 2.2 / n, d.between(0.28, 0.46), d.between(0.5, 0.75)
    for k in range(n):
        strokes += [arc(-1.1 + w * (k + 0.5), foot, w * 0.42, rise, 180, 180)]
    strokes += [line((-1.1 + w * k, 0.09), (-1.1 + w * k, foot + 0.05)) for k in range(n + 1)] if d.chance(0.5) else []
    if d.chance(0.5):
        strokes += [
            line((-1.1, -0.18), (1.1, -0.18)),
            *[line((x, -0.18), (x, 0)) for x in np.linspace(-1.1, 1.1, 4 * n)],
        ]
    return strokes


def tent(d: Dice) -> Strokes:
    """A ridge tent from its corner, with an open flap."""
    w, h, back = d.between(0.4, 0.55), d.between(0.7, 0.9), d.between(0.5, 0.8)
    strokes = [loop((-w, 0), (0, -h), (w, 0)), line((0, -h), (back, -h - 0.05), (w + back, -0.15), (w, 0))]
    flap = d.between(0.08, 0.2)
    strokes += [line((0, -h * 0.75), (-flap, 0)), line((0, -h * 0.75), (flap, 0))]
    if d.chance(0.5):
        strokes += [line((-w * 0.5, -h * 0.5), (-w - 0.25, 0.02)), line((w + back, -0.15), (w + back + 0.15, -0.1))]
    return strokes


def balloon(d: Dice) -> Strokes:
    """An oval with a knot and a string."""
    w, h, length = d.between(0.36, 0.46), d.between(0.45, 0.58), d.between(0.5, 1.0)
    strokes = [arc(0, 0, w, h, 90), loop((0, h), (0.06, h + 0.09), (-0.06, h + 0.09))]
    bend = d.between(0.05, 0.16)
    strokes += [
        curve(
            (0, h + 0.09),
            (bend, h + 0.09 + length * 0.33),
            (-bend, h + 0.09 + length * 0.66),
            (bend * 0.5, h + 0.09 + length),
        )
    ]
    if d.chance(0.5):
        strokes += [arc(-w * 0.2, -h * 0.2, w * 0.5, h * 0.5, 190, 70)]
    return strokes


def hot_air_balloon(d: Dice) -> Strokes:
    """A striped envelope over a basket on ropes."""
    w, drop, b = d.between(0.5, 0.6), d.between(0.4, 0.6), d.between(0.1, 0.15)
    top = np.vstack([line((-b * 1.4, 0.55)), arc(0, -0.1, w, w, 155, 230), line((b * 1.4, 0.55))])
    strokes = [top, line((-b * 1.4, 0.55), (b * 1.4, 0.55)), box(-b, 0.55 + drop * 0.5, b, 0.55 + drop * 0.5 + 0.2)]
    rope = line((-b * 1.3, 0.55), (-b, 0.55 + drop * 0.5))
    strokes += [rope, mirror(rope)]
    for share in (0.33, 0.7)[: d.count(1, 2)]:
        rib = curve((0, -0.1 - w), (w * share, -0.1), (b * share * 1.4, 0.55))
        strokes += [rib, mirror(rib)]
    return strokes
