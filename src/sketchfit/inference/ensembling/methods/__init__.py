"""Methods of combining members. Each file registers its methods under the names in recipes.

A method is made for a recipe's settings and a seed, and fits a rule: see `Method`.
"""

from collections.abc import Callable

from sketchfit.config.ensemble import EnsembleSection
from sketchfit.inference.ensembling.rule import Fit
from sketchfit.registry import Registry

Method = Callable[[EnsembleSection, int], Fit]
"""(the recipe's `ensemble` section, seed) -> a function that fits a `Rule` to out-of-fold rows."""

ensembling: Registry[Method] = Registry("method of ensembling", "sketchfit.ensembling", __name__)
