"""`sketchfit search`: which settings were tried, which are averaged, and what the entire search has gained."""

from __future__ import annotations

from typing import Literal

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.runs.estimates import Difference, Estimate


class SearchTrial(ArtefactPart):
    """A trial.

    Attributes:
        number: from 0; the first one is the recipe itself.
        name: its values, `key=value` each; `base`: the recipe itself.
        score: accuracy on the rows of the folds that it has validated; None where it has failed.
        folds: of the search that it was trained on.
        seconds: training time of its networks on them.
        status: `complete`: on all folds of the search.
        reason: why it has failed.
    """

    number: int
    name: str
    score: float | None
    folds: int
    seconds: float
    status: Literal["complete", "pruned", "failed"]
    reason: str = ""


class SearchRecord(Artefact):
    """The result of a search. All estimates are on the rows of a fold on which no trial was compared.

    Attributes:
        data: folder or table of the images.
        seconds: that the search was allowed; None: no limit.
        used: seconds that it took, without the run of the chosen trials.
        folds: by whose rows the trials were compared.
        fold: on whose rows no trial was compared. Networks of the other folds have learnt them, as in any run.
        trials: all that have ended.
        chosen: numbers of the trials whose mean is the result, the best first.
        recipe: accuracy of the recipe as it was.
        repeated: of the mean of as many networks of that recipe as are chosen, with other seeds.
        best: of the best trial alone.
        mean: of the mean of the chosen trials.
        gain: `mean` minus `repeated`: of the entire search against as many networks of the recipe.
    """

    PLACE = "search.json"
    data: str
    seconds: float | None
    used: float
    folds: tuple[int, ...]
    fold: int
    trials: tuple[SearchTrial, ...]
    chosen: tuple[int, ...]
    recipe: Estimate
    repeated: Estimate
    best: Estimate
    mean: Estimate
    gain: Difference

    @property
    def run(self) -> str:
        """Name of the folder of the run of the chosen trials, next to the record."""
        return f"run-{'-'.join(map(str, self.chosen))}"

    def trial(self, number: int) -> SearchTrial:
        """Return the trial of this number."""
        return next(one for one in self.trials if one.number == number)
