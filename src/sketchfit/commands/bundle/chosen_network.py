"""Which network of a run is deployed alone, and the rows that it can be judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sketchfit.bundle.manifest import Source
from sketchfit.config.recipe import Recipe
from sketchfit.distillation.student_choice import student_choice
from sketchfit.errors import RunError
from sketchfit.inference.calibration import Temperature
from sketchfit.inference.calibration_choice import choose_calibration
from sketchfit.inference.oof import Rows, rows_of
from sketchfit.models.network import Network
from sketchfit.models.saved_network import load_network
from sketchfit.runs.artefact import FINISH
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.run import Run
from sketchfit.stages.refit import refit_name

Floats = NDArray[np.float32]

SOUP_OF_FOLDS = "+folds"
"""End of the name of the folder of a soup of folds."""


@dataclass(frozen=True)
class HeldOut:
    """Training rows with the probabilities of networks that have not learnt from them.

    Attributes:
        rows: n of them, ascending.
        prob: float32 [n, C], by the entire image, without calibration.
    """

    rows: Rows
    prob: Floats

    @property
    def right(self) -> NDArray[np.bool_]:
        """bool [n]: whether the most probable class is the true one."""
        return self.rows.right(self.prob)


@dataclass(frozen=True)
class ChosenNetwork:
    """One trained network of a run.

    Attributes:
        source: what it is.
        folder: its files.
        recipe: its settings.
        held_out: rows that it has not learnt from; of a network that has learnt from all rows, those of its folds'
            networks. None where there are none.
        measured: rows of the networks of all folds, one network per row: by these its kind is judged and calibrated,
            since the best fold's own rows are too favourable. None where there are none.
    """

    source: Source
    folder: NetworkFolder
    recipe: Recipe
    held_out: HeldOut | None
    measured: HeldOut | None

    @property
    def name(self) -> str:
        """`NAME/foldK`."""
        return self.folder.name

    @property
    def learnt_all(self) -> bool:
        """Whether it has learnt from all rows."""
        return self.source in ("refit", "soup")

    @cached_property
    def temperature(self) -> float:
        """By which its logits are divided, fitted on `measured`; 1.0 without such rows, and where that is worse."""
        if self.measured is None or len(np.unique(self.measured.rows.fold)) < 2:
            return 1.0
        calibrator = choose_calibration("temperature", self.measured.prob, self.measured.rows).calibrator
        return calibrator.value if isinstance(calibrator, Temperature) else 1.0

    @cached_property
    def calibrated(self) -> HeldOut | None:
        """`measured` with probabilities by `temperature`."""
        if self.measured is None:
            return None
        return HeldOut(self.measured.rows, Temperature(self.temperature).apply(self.measured.prob))

    def load(self, run: Run) -> Network:
        """Return the network with its weights, on the CPU."""
        return load_network(self.folder.path, self.recipe, run.table.class_count)


def choose_network(run: Run, member: str | None = None, fold: int | None = None) -> ChosenNetwork:
    """Choose the network that stands for a run.

    A distilled student comes first, unless the same network without a teacher is more accurate. Otherwise it is of the
    member whose networks have the highest accuracy on their out-of-fold rows: the network that was trained on all rows,
    the soup of the folds if the run predicts with it, or the network of the fold with the highest accuracy.

    Args:
        run: whose networks are finished.
        member: only of this member, or of this distilled student.
        fold: only the network of this fold.

    Raises:
        UserError: no such member or network, or the run is an ensemble of runs, which has no networks.
    """
    if run.kind == "ensemble":
        raise RunError(f"{run.path} is an ensemble of runs, which has no networks", "Name one of its runs.")
    names = _names(run, member, fold)
    found = [one for name in names if (one := _of_member(run, name, fold)) is not None]
    if not found:
        where = f"{run.path} holds no trained network"
        what = f" of fold {fold}" if fold is not None else ""
        raise RunError(f"{where} of {' or '.join(names)}{what}", FINISH)
    return max(found, key=lambda one: -1.0 if one.measured is None else float(one.measured.right.mean()))


def _names(run: Run, member: str | None, fold: int | None) -> list[str]:
    """Return the members and students that the network may be of."""
    known = run.members | run.students
    if member is not None and member not in known:
        raise RunError(f"this run has no member {member!r}", f"Members: {', '.join(known)}.")
    if member is not None:
        return [member]
    if run.student is None or fold is not None:
        return list(run.members)
    choice = student_choice(run.student)
    return list(run.students) if choice is None or choice.used else list(run.members)


def _of_member(run: Run, name: str, fold: int | None) -> ChosenNetwork | None:
    """Return the network of a member or student; None where it has none, or its networks went into others."""
    recipe = (run.members | run.students)[name]
    views = None if run.views is None else run.views.members.get(name)
    folder = name if views is None else views.folder
    networks, measured = run.networks(folder), run.networks(_before_soup(folder))
    pooled = _held_out(run, measured)
    if fold is not None:
        chosen = [one for one in measured if one.fold == fold]
        return _of_fold(run, name, recipe, chosen, pooled) if chosen else None
    refit = run.folder.network(refit_name(name) if views is None or views.refit is None else views.refit[0], 0)
    if refit.is_done():
        return ChosenNetwork("refit", refit, recipe, pooled, pooled)
    if folder.endswith(SOUP_OF_FOLDS) and networks:
        return ChosenNetwork("soup", networks[0], recipe, pooled, pooled)
    if run.kind == "fit" and networks:
        return ChosenNetwork("refit", networks[0], recipe, None, None)
    return _of_fold(run, name, recipe, networks, pooled) if networks else None


def _before_soup(folder: str) -> str:
    """Return the folder of the networks that a soup of folds is made of; the same folder for others."""
    return folder.removesuffix(SOUP_OF_FOLDS)


def _of_fold(
    run: Run, name: str, recipe: Recipe, networks: Sequence[NetworkFolder], pooled: HeldOut | None
) -> ChosenNetwork:
    """Return the network with the highest accuracy on its own rows; of equals the first."""
    own = [_held_out(run, [one]) for one in networks]
    place = int(np.argmax([-1.0 if one is None else float(one.right.mean()) for one in own]))
    source: Source = "student" if name in run.students else "fold"
    return ChosenNetwork(source, networks[place], recipe, own[place], pooled)


def _held_out(run: Run, networks: Sequence[NetworkFolder]) -> HeldOut | None:
    """Return the out-of-fold rows of networks, each by the first network that has it; None where there are none."""
    found = [one.probabilities("oof") for one in networks if (one.path / "oof.npz").is_file()]
    found = [one for one in found if len(one)]
    if not found:
        return None
    row, first = np.unique(np.concatenate([one.row for one in found]), return_index=True)
    prob = np.concatenate([one.prob for one in found])[first]
    return HeldOut(rows_of(run.rows, row), prob)
