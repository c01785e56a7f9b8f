"""What timm, torch and safetensors raise at a network, as one sentence with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sketchfit.config.model import ModelSection
from sketchfit.disk import DiskError
from sketchfit.errors import UserError
from sketchfit.models.device import is_out_of_memory
from sketchfit.models.near_sizes import near_sizes_hint, takes_size
from sketchfit.models.patch_grid import PatchGridError

ONE_VALUE = "Expected more than 1 value per channel"
"""Torch's words for a batch norm that gets one value: of one image, where the map has one pixel."""
LONGEST = 200
"""Characters of a library's message that are printed."""


@contextmanager
def in_one_sentence(section: ModelSection, what: str) -> Iterator[None]:
    """Turn any error of the block into a `UserError`; a `UserError` and a `DiskError` are raised as they are.

    Sizes that a message names are those with which the network computes.

    Args:
        section: of the network.
        what: begins the sentence, such as `a training step`.

    Raises:
        UserError: the block raised an error.
        DiskError: a disk takes no more, which is no fault of the network.
    """
    try:
        yield
    except PatchGridError as error:
        if error.near and not takes_size(section, section.size):
            raise UserError(error.problems, near_sizes_hint(section, error.near)) from error
        raise
    except (UserError, DiskError):
        raise
    except Exception as error:  # timm, torch and extensions raise anything
        raise UserError(f"{what} fails: {one_line(error)}", _advice(error, section)) from error


def one_line(error: Exception) -> str:
    """Return the kind of an error and the first line of its message, shortened: some have hundreds of lines."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else ""
    return f"{type(error).__name__}: {first[:LONGEST]}{'…' if len(first) > LONGEST else ''}".removesuffix(": ")


def _advice(error: Exception, section: ModelSection) -> str:
    if ONE_VALUE in str(error):
        return (
            "The batch norms of this network need two images per batch and process: raise training.batch_size, or set "
            "model.freeze.batch_norm=statistics."
        )
    if isinstance(error, MemoryError) or is_out_of_memory(error):
        return (
            "Lower training.batch_size (training.accumulation keeps the size of an update) or model.input_size, or set "
            "training.grad_checkpointing=true."
        )
    return near_sizes_hint(section) or (
        "Leave out settings of model, optimizer and compute one by one, or choose another backbone "
        "(`sketchfit options models`)."
    )
