"""The result of a search: the mean of its best trials, and what that has gained on the last fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.inference import votes
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.runs.folder import RunFolder
from sketchfit.stages.search.study import EndedTrial, OpenTrial
from sketchfit.stages.search.trials import Trials, named
from sketchfit.training.fold import mean_oof
from sketchfit.training.fold_result import FoldResult

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class LastFoldFigures:
    """Accuracies on the last fold; names as in `SearchRecord`."""

    recipe: Estimate
    repeated: Estimate
    best: Estimate
    mean: Estimate
    gain: Difference


def best_mean(trials: Trials, best: Sequence[EndedTrial]) -> list[EndedTrial]:
    """Return as many of the best trials as have the most accurate mean on the folds of the search; of equal ones, more.

    Args:
        trials: of the search.
        best: complete trials, the best first.
    """
    label, right = trials.trainer.context.table.label, list[float]()
    rows = np.unique(np.concatenate([fold.valid for fold in trials.folds]))
    found = [mean_oof(trials.results(one)) for one in best]
    for count in range(1, len(best) + 1):
        right.append(float((votes.mean(found[:count]).argmax(axis=1) == label[rows]).mean()))
    return list(best[: max(range(len(best)), key=lambda place: (right[place], place)) + 1])


def measure(trials: Trials, chosen: Sequence[EndedTrial]) -> LastFoldFigures:
    """Train the chosen trials, and as many networks of the recipe, on the last fold, and compare them on its rows.

    Args:
        trials: of the search.
        chosen: at least one, the best first.
    """
    trainer, fold = trials.trainer, trials.trainer.folds[-1]
    repeated = [_with_seed(trials, number) for number in range(len(chosen))]
    found = [(trials.folder(one.number), trials.variant(one).recipe) for one in chosen]
    if not trainer.one_by_one:  # the first trial may be among both
        trainer.train_ahead(list({run.path: (run, recipe) for run, recipe in (*found, *repeated)}.values()), [fold])
    of_chosen, of_repeated = (
        [trainer.train(run, recipe, [fold])[0] for run, recipe in some] for some in (found, repeated)
    )
    label, group = trainer.context.table.label[np.sort(fold.valid)], trainer.group_of([fold])

    def right(results: Sequence[FoldResult]) -> Bools:
        return np.asarray(votes.mean([mean_oof([one]) for one in results]).argmax(axis=1) == label)

    mean, of_recipe = right(of_chosen), right(of_repeated)
    return LastFoldFigures(
        recipe=accuracy(right(of_repeated[:1]), group),
        repeated=accuracy(of_recipe, group),
        best=accuracy(right(of_chosen[:1]), group),
        mean=accuracy(mean, group),
        gain=paired_difference(of_recipe, mean, group),
    )


def _with_seed(trials: Trials, number: int) -> tuple[RunFolder, Recipe]:
    """Return the folder and the recipe of the base with another seed; with its own one, those of the first trial."""
    if number == 0:
        return trials.folder(0), trials.variant(OpenTrial(0, {})).recipe
    seed = trials.base.seed + number
    recipe = named(trials.base.model_copy(update={"seed": seed}), f"seed-{seed}")
    return RunFolder(trials.trainer.context.run.path / "seeds" / f"seed-{seed}"), recipe
