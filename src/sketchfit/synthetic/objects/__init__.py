"""The objects that are drawn, one class per object. A new one needs a function from `Dice` to strokes, listed here."""

from __future__ import annotations

from sketchfit.synthetic.objects import animals, household, nature, outdoors, tools
from sketchfit.synthetic.shapes import Drawer

# The order matters: a data set of n classes has the first n. Similar ones (apple and cherry, sun and flower, cup and
# bucket) are close together, so that a small set is not trivial.
_ORDER: tuple[Drawer, ...] = (
    nature.apple, nature.cherry, nature.sun, nature.flower, household.cup, household.bucket, outdoors.house,
    outdoors.castle, animals.cat, animals.dog, nature.tree, nature.mushroom, animals.fish, animals.duck, outdoors.car,
    outdoors.bus, tools.hammer, tools.axe, household.clock, nature.star, household.key, household.umbrella,
    outdoors.bicycle, household.glasses, animals.butterfly, animals.snail, animals.crab, animals.spider, outdoors.boat,
    outdoors.tent, household.lamp, household.hat, household.chair, household.table, household.candle, household.bottle,
    outdoors.ladder, outdoors.fence, household.envelope, household.book, household.gift, nature.cactus, nature.carrot,
    tools.pencil, outdoors.balloon, outdoors.hot_air_balloon, nature.pear, household.ice_cream, tools.scissors,
    tools.guitar, household.shoe, household.socks, household.t_shirt, nature.leaf, nature.moon, nature.cloud,
    nature.lightning, nature.rainbow, nature.lollipop, outdoors.kite, outdoors.bridge, animals.owl,
    animals.caterpillar, tools.drum, tools.magnifier, tools.fork, tools.arrow, tools.ring,
)  # fmt: skip

OBJECTS: dict[str, Drawer] = {drawer.__name__: drawer for drawer in _ORDER}
"""Objects by class name, in the order of their use."""
