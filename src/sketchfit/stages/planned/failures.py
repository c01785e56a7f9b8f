"""Which errors are those of one unit of a run with a deadline, so that the run continues with the others."""

from __future__ import annotations

import errno

from sketchfit.config.model import ModelSection
from sketchfit.disk import disk_error
from sketchfit.errors import UserError
from sketchfit.models.device import is_out_of_memory
from sketchfit.models.faults import one_line
from sketchfit.models.near_sizes import takes_size


class SizeError(UserError):
    """A network does not compute at its input size; at a larger one it may."""


def failure_of(error: Exception, model: ModelSection) -> UserError | None:
    """Return why a unit has failed; None for an error that may be a mistake of the program.

    Args:
        error: a message to the user, a disk that takes no more, too little memory, or any error of a network that does
            not compute at its input size.
        model: of the unit's networks.
    """
    if isinstance(error, UserError):
        return error
    if (full := disk_error(error)) is not None:
        return full.explained()
    if _lacks_memory(error):
        return UserError(f"there is too little memory: {one_line(error)}")
    if not takes_size(model, model.size):
        return SizeError(f"{model.backbone} does not compute at {model.size} pixels: {one_line(error)}")
    return None


def _lacks_memory(error: Exception) -> bool:
    of_system = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return of_system or isinstance(error, MemoryError) or is_out_of_memory(error)
