"""A run's folder, opened: everything that other commands read of it, each file read when it is used."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from sketchfit.config.parse import member_recipes, parse_recipe
from sketchfit.config.recipe import Recipe
from sketchfit.errors import RunError
from sketchfit.runs.artefact import FINISH
from sketchfit.runs.artefacts import (
    AuditFindings,
    Calibration,
    Choices,
    ClaimRecord,
    CopyOf,
    Directions,
    DistilledStudent,
    EnsembleComparison,
    EnsembleWeights,
    Environment,
    EstimatedFrequencies,
    LabelFreeRecord,
    MeasuredChoice,
    PseudoLabelRounds,
    Relations,
    RunPlan,
    SoupRecord,
    Sources,
    Step,
    Steps,
    Views,
)
from sketchfit.runs.create import check_kind, kind_of
from sketchfit.runs.folder import RunFolder
from sketchfit.runs.networks import NetworkFolder, Split
from sketchfit.runs.parquet import read_parquet
from sketchfit.runs.probabilities import Probabilities, mean_by_row, read_probabilities
from sketchfit.runs.recipe import read_recipe, upgraded
from sketchfit.runs.run_html import run_html
from sketchfit.runs.run_tables import RunTables
from sketchfit.runs.state import Kind, State
from sketchfit.runs.table import RunTable, TrainingRows, read_training_rows, table_of


class Run:
    """A run's folder, opened for reading.

    Open it with `Run.open`. Every attribute is read from disk when it is first used, and raises `UserError` where its
    file is missing, damaged or written by a newer version.

    Examples:
        >>> import sketchfit
        >>> run = sketchfit.Run.open("runs/first")
        >>> run.kind, run.table.class_labels
        ('run', ('0', '1', '2', '3'))
        >>> run.steps[-1].top1.n, run.recipe.training.epochs
        (32, 2)
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    @classmethod
    def open(cls, path: str | Path, kind: Kind | None = None) -> Run:
        """Open a run's folder.

        Args:
            path: the folder that `sketchfit run`, `fit` or `ensemble` wrote.
            kind: what it must be; None: anything.

        Raises:
            UserError: there is no run, one of another kind, or one that a newer version made.

        Examples:
            >>> import sketchfit
            >>> sketchfit.Run.open("runs/first").name
            'first'
        """
        run = cls(RunFolder(Path(path)))
        if not run.folder.state.is_file() or not run.folder.recipe.is_file():
            raise RunError(f"{path} holds no run", "Give the folder that `sketchfit run` wrote.")
        if kind is not None:
            check_kind(run.folder, kind)
        _ = run.state
        return run

    def __repr__(self) -> str:
        rows = ", ".join(f"{count:,} {split} rows" for split, count in self.state.rows.items())
        return (
            f"Run({str(self.path)!r}: {self.kind or 'nothing trained yet'}, {self.table.class_count} classes, {rows})"
        )

    def _repr_html_(self) -> str:
        return run_html(self)

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.path

    @cached_property
    def home(self) -> Path:
        """The folder that the user knows, absolute: of a snapshot, the one that it was copied from."""
        copied = CopyOf.find(self.path)
        return self.path.resolve() if copied is None else copied.folder

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @cached_property
    def kind(self) -> Kind | None:
        """`run`, `fit` or `ensemble`; None where nothing was done yet."""
        return kind_of(self.folder)

    @cached_property
    def state(self) -> State:
        """`state.json`."""
        return State.read(self.path)

    @cached_property
    def recipe(self) -> Recipe:
        """The complete recipe."""
        return read_recipe(self.folder.recipe)

    @cached_property
    def members(self) -> dict[str, Recipe]:
        """Each member's name and recipe, in the order of the recipe."""
        return member_recipes(self.recipe)

    @cached_property
    def table(self) -> RunTable:
        """The facts of the table: classes, data root, names of the test rows."""
        return table_of(self.state, self.path)

    @cached_property
    def rows(self) -> TrainingRows:
        """All training rows: image, label, group, fold and family of near-duplicates of each."""
        rows = read_training_rows(self.folder.folds)
        return replace(rows, copies=rows.group) if rows.copies is None and self._groups_are_copies else rows

    def oof(self, name: str | None = None) -> Probabilities:
        """Read out-of-fold probabilities.

        Args:
            name: of a member, or of a folder that derives from one; None: the run's own, after all stages.

        Returns:
            Rows of the training table, ascending, each once: the mean over repeats.

        Examples:
            >>> import sketchfit
            >>> oof = sketchfit.Run.open("runs/first").oof()
            >>> oof.row[:3], oof.prob.shape
            (array([0, 1, 2]), (32, 4))
        """
        return self._probabilities("oof", name)

    def test(self, name: str | None = None) -> Probabilities:
        """Read the probabilities of the test rows; arguments as for `oof`. Of a member: the mean over its networks.

        Examples:
            >>> import sketchfit
            >>> sketchfit.Run.open("runs/first").test().prob.shape
            (12, 4)
        """
        return self._probabilities("test", name)

    def has(self, split: Split) -> bool:
        """Return whether the run's own probabilities of a split are there.

        Examples:
            >>> import sketchfit
            >>> sketchfit.Run.open("runs/first").has("test")
            True
        """
        return (self.folder.ensemble / f"{split}.npz").is_file()

    @property
    def tables(self) -> RunTables:
        """Rows, classes, confusions and steps as pandas data frames."""
        return RunTables(self)

    def networks(self, name: str) -> list[NetworkFolder]:
        """Return the finished networks of a member, or of a folder that derives from one, by fold.

        Examples:
            >>> import sketchfit
            >>> run = sketchfit.Run.open("runs/first")
            >>> [network.fold for network in run.networks("test_resnet")]
            [0, 1]
        """
        return self.folder.networks(name)

    @cached_property
    def trained(self) -> dict[str, list[NetworkFolder]]:
        """The members that have finished networks, by name, and these networks."""
        names = sorted(path.name for path in self.folder.path.glob("members/*"))
        return {name: found for name in names if (found := self.networks(name))}

    def history(self, name: str, fold: int = 0) -> pd.DataFrame:
        """Read the table of epochs of one network.

        Examples:
            >>> import sketchfit
            >>> history = sketchfit.Run.open("runs/first").history("test_resnet", fold=1)
            >>> len(history), "valid_accuracy" in history
            (2, True)
        """
        return self.folder.network(name, fold).history()

    @cached_property
    def histories(self) -> dict[str, pd.DataFrame]:
        """`NAME/foldK` to the table of epochs, of each member's networks that have one."""
        paths = self.folder.path.glob("members/*/*/history.csv")
        found = sorted((NetworkFolder(path.parent) for path in paths), key=lambda one: (one.path.parent.name, one.fold))
        return {one.name: one.history() for one in found}

    @cached_property
    def seconds(self) -> dict[str, float]:
        """`NAME/foldK` to the time that its training and its probabilities took, of each member's networks."""
        return {one.name: one.done.seconds for found in self.trained.values() for one in found}

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What each step after training made of the out-of-fold accuracy; empty where no step is finished."""
        found = Steps.find(self.path)
        return found.steps if found else ()

    @cached_property
    def choices(self) -> tuple[MeasuredChoice, ...]:
        """What was measured before it was used for test rows, or not used; empty for runs of older versions."""
        found = Choices.find(self.path)
        return found.choices if found else ()

    @cached_property
    def views(self) -> Views | None:
        """Which networks and views of each member predict; None for a fit, where nothing was chosen."""
        return Views.find(self.path)

    @cached_property
    def rule(self) -> EnsembleWeights | None:
        """The ensembling rule; None for a fit, where nothing was chosen."""
        return EnsembleWeights.find(self.path)

    @cached_property
    def calibration(self) -> Calibration | None:
        """The calibrator; None for a fit, where nothing was fitted."""
        return Calibration.find(self.path)

    @cached_property
    def class_frequencies(self) -> EstimatedFrequencies | None:
        """Estimated class frequencies of the test rows; None where there are no test rows, and for an ensemble."""
        return EstimatedFrequencies.find(self.path)

    @cached_property
    def claim(self) -> ClaimRecord | None:
        """What the run claims for the test set; None where that is off, or an older version made the run."""
        return ClaimRecord.find(self.path)

    @cached_property
    def label_free(self) -> LabelFreeRecord | None:
        """What estimates accuracy without labels; None where there is none."""
        return LabelFreeRecord.find(self.path)

    @property
    def directions(self) -> Directions | None:
        """Classes that become another class when a drawing is flipped or turned; None where it was not measured."""
        return Directions.find(self.path)

    @cached_property
    def relations(self) -> Relations | None:
        """Which rows are related, and what the folds keep together; None where that was not tested."""
        return Relations.find(self.path)

    @cached_property
    def comparison(self) -> EnsembleComparison | None:
        """All ensembling rules side by side; None for one member."""
        return EnsembleComparison.find(self.path)

    @cached_property
    def soup(self) -> SoupRecord | None:
        """The soups; None where the recipe builds none."""
        return SoupRecord.find(self.path)

    @cached_property
    def pseudo_labels(self) -> PseudoLabelRounds | None:
        """The rounds of pseudo-labels; None where the recipe trains none."""
        return PseudoLabelRounds.find(self.path)

    @property
    def plan(self) -> RunPlan | None:
        """Plan and log of a run with a deadline; None for a run without one."""
        return RunPlan.find(self.path)

    @cached_property
    def sources(self) -> Sources | None:
        """What an ensemble of runs is made of; None for a run."""
        return Sources.find(self.path)

    @cached_property
    def student(self) -> DistilledStudent | None:
        """The distilled student; None where there is none."""
        return DistilledStudent.find(self.path)

    @cached_property
    def students(self) -> dict[str, Recipe]:
        """The folder of the distilled student's networks and its recipe; empty where there is none.

        Raises:
            UserError: a network is not the one that `ensemble/distilled.json` describes.
        """
        if self.student is None:
            return {}
        folder, place = self.student.folder, self.path / DistilledStudent.PLACE
        for fold, fingerprint in self.student.folds.items():
            if not (network := self.folder.network(folder, int(fold))).is_done(fingerprint):
                raise RunError(
                    f"{network.path} is not the student that {place} describes",
                    f"Finish it: sketchfit distill {self.path}",
                )
        return {folder: parse_recipe(upgraded(self.student.recipe), str(place))}

    @cached_property
    def environment(self) -> Environment | None:
        """Machine and versions; None where they were not written down."""
        return Environment.find(self.path)

    @cached_property
    def findings(self) -> AuditFindings | None:
        """What the audit found; None where there was none."""
        return AuditFindings.find(self.path)

    @cached_property
    def traits(self) -> pd.DataFrame | None:
        """Measured traits of all images, one line per image (see docs/audit.md); None where there was no audit."""
        path = self.folder.findings.parent / "traits.parquet"
        return read_parquet(path) if path.is_file() else None

    @property
    def _groups_are_copies(self) -> bool:
        """Whether the groups of a folder of an older version, which has no column of copies, are near-duplicates."""
        if self.kind == "ensemble":
            return False  # it does not have the relations of its runs
        return self.relations is None or self.relations.only_copies

    def _probabilities(self, split: Split, name: str | None) -> Probabilities:
        if name is None:
            if not self.has(split):
                what = {"oof": "out-of-fold", "test": "test"}[split]
                hint = "It was made by `sketchfit fit`, which holds no rows out." if self.kind == "fit" else FINISH
                raise RunError(f"{self.path} holds no {what} probabilities", hint)
            return _finite(self.folder.ensemble / f"{split}.npz")
        networks = self.networks(name)
        if not networks:
            raise RunError(f"{self.path} holds no finished network of {name}", FINISH)
        return mean_by_row([one.probabilities(split) for one in networks], self.path)


def _finite(path: Path) -> Probabilities:
    """Read the probabilities of a run; those without numbers, of older versions, would answer the first class."""
    found = read_probabilities(path)
    if not found.finite().all():
        raise RunError(f"{path} has NaN or infinite probabilities", "Run the command that made the folder again.")
    return found
