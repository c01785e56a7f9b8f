"""Which networks can be averaged: those of one architecture with equal inputs. Others are named with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.data.stores import store_settings
from sketchfit.errors import UserError
from sketchfit.inference.pseudo_labels import Teacher, leaked_rows
from sketchfit.models.learnt_rows import KEY as LEARNT_ROWS
from sketchfit.models.saved_network import check_saved
from sketchfit.models.weights import read_metadata
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.networks import NetworkFolder
from sketchfit.training.context import Member
from sketchfit.training.fold import read_fold
from sketchfit.training.fold_result import FoldResult


@dataclass(frozen=True)
class Candidate:
    """Trained networks of a member, one per fold.

    Attributes:
        name: of the networks' folder: the member's own, or that of its students.
        member: whose recipe they were trained by.
        networks: folder of each fold's network.
        learnt: int64, rows whose labels each fold's network has learnt from.
        results: probabilities of each fold's network.
    """

    name: str
    member: Member
    networks: tuple[NetworkFolder, ...]
    learnt: tuple[NDArray[np.int64], ...]
    results: tuple[FoldResult, ...]

    @property
    def recipe(self) -> Recipe:
        """The member's."""
        return self.member.recipe


def student_name(member: str, number: int) -> str:
    """Return the folder of a member's students in a round of pseudo-labels, from 1; round 0 is the member itself."""
    return f"{member}+pseudo{number}" if number else member


def gather(run: RunFolder, members: Iterable[Member], folds: Sequence[Fold], kept: int) -> list[Candidate]:
    """Return every member, followed by its students of the rounds of pseudo-labels that were kept."""
    found = []
    for member in members:
        for name in (student_name(member.name, number) for number in range(kept + 1)):
            networks = tuple(run.network(name, fold.number) for fold in folds)
            learnt = tuple(fold.train for fold in folds)
            found.append(Candidate(name, member, networks, learnt, tuple(map(read_fold, networks))))
    return found


def grouped(candidates: Sequence[Candidate]) -> tuple[list[list[Candidate]], dict[str, str]]:
    """Group candidates that can be averaged.

    Returns:
        The groups, and for the first candidate of each further group the reason why it is not in the first group.
    """
    groups: list[list[Candidate]] = []
    apart: dict[str, str] = {}
    for one in candidates:
        group = next((group for group in groups if not mismatch(group[0], one)), None)
        if group is not None:
            group.append(one)
            continue
        if groups:
            apart[one.name] = mismatch(groups[0][0], one)
        groups.append([one])
    return groups, apart


def mismatch(first: Candidate, other: Candidate) -> str:
    """Return why two candidates can't be averaged, as a clause; empty where they can."""
    here, there = first.recipe.model, other.recipe.model
    if here.backbone.partition(".")[0] != there.backbone.partition(".")[0]:
        return f"another architecture ({there.backbone}; {first.name}: {here.backbone})"
    if here.head.name != there.head.name:
        return f"another head ({there.head.name}; {first.name}: {here.head.name})"
    shapes, others = _shapes(first.networks[0]), _shapes(other.networks[0])
    differing = [name for name in shapes if others.get(name, shapes[name]) != shapes[name]]
    if here.size != there.size:
        position = next((f", and with it {name}" for name in differing), "")
        return f"another input size{position} ({there.size} px; {first.name}: {here.size} px)"
    if only := sorted(shapes.keys() ^ others.keys()):
        return f"other entries, among them {only[0]}, which {_owner(first, other, only[0] in shapes)} alone has"
    if differing:
        name = differing[0]
        return f"another shape of {name} ({_times(others[name])}; {first.name}: {_times(shapes[name])})"
    args = [key for key in {*here.args, *there.args} if "drop" not in key]  # dropout is off in inference
    if changed := sorted(key for key in args if here.args.get(key) != there.args.get(key)):
        return f"other model.args ({', '.join(changed)})"
    if _input_of(first.networks[0]) != _input_of(other.networks[0]):
        return "another mean, deviation or padding of its input"
    if store_settings(first.recipe) != store_settings(other.recipe):
        return "images stored in another size or way (data)"
    return ""


def other_starts(group: Sequence[Candidate]) -> list[str]:
    """Return the names of those whose training did not start from the first one's weights."""
    first = _start(group[0].recipe)
    return [one.name for one in group[1:] if _start(one.recipe) != first]


def check_unseen(candidates: Sequence[Candidate], place: int, fold: Fold, rows: int) -> None:
    """Refuse candidates of a fold's soup that have learnt from the rows on which it is scored.

    Near-duplicates in several folds are not checked here: they raise each candidate's own figure as much.

    Args:
        candidates: of the soup.
        place: of the fold among those that were trained.
        fold: whose held-out rows the soup predicts.
        rows: number of rows of the training table.

    Raises:
        UserError: one sentence per candidate that has learnt from such rows.
    """
    models = [Teacher(f"{one.name}/fold{fold.number}", one.learnt[place]) for one in candidates]
    if problems := leaked_rows(models, fold.number, fold.held_out(rows)):
        raise UserError(problems, "The soup of a fold is the mean of networks that were not trained on that fold.")


def _start(recipe: Recipe) -> tuple[object, ...]:
    """What decides the weights before training; the seed gives those of the new head."""
    model = recipe.model
    return model.backbone, model.pretrained, model.weights, recipe.seed


def _input_of(network: NetworkFolder) -> dict[str, str]:
    """Return the metadata of a network's file that decide its input."""
    return {key: value for key, value in read_metadata(network.weights).items() if key != LEARNT_ROWS}


def _shapes(network: NetworkFolder) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a network's entries, from the file's header alone."""
    check_saved(network.path)
    with safe_open(str(network.weights), framework="pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)


def _owner(first: Candidate, other: Candidate, in_first: bool) -> str:
    return first.name if in_first else other.name


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "a number"
