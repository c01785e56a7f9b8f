"""Every operation by its name."""

from __future__ import annotations

import inspect
from types import ModuleType

from sketchfit.transforms import automatic, colour, distortion, erasing, geometry, perspective, photometric, strokes
from sketchfit.transforms.ops import Op

_MODULES: tuple[ModuleType, ...] = (geometry, perspective, distortion, strokes, colour, photometric, erasing, automatic)


def _operations(module: ModuleType) -> list[type[Op]]:
    """The operations that `module` itself defines, in the order of the source."""
    classes = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, Op)]
    return [cls for cls in classes if cls.__module__ == module.__name__ and not inspect.isabstract(cls)]


OPERATIONS: dict[str, type[Op]] = {cls.model_fields["op"].default: cls for m in _MODULES for cls in _operations(m)}
"""Name → class, grouped as in the modules."""
