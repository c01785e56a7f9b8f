"""Finds images of unknown classes by a run: each fold's networks are compared with the rows that they hold out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sketchfit.config.views import IDENTITY
from sketchfit.errors import UserError
from sketchfit.inference.arrays import Floats
from sketchfit.inference.ensembling.rule import Rule
from sketchfit.inference.run_predictor import MemberNetworks, RunAnswers, RunPredictor
from sketchfit.inference.unknown import UnknownTest
from sketchfit.inference.view_selection import merge_views
from sketchfit.runs.networks import NetworkFolder
from sketchfit.runs.probabilities import Probabilities
from sketchfit.runs.run import Run

ADVICE = "Unknown classes are found by networks of folds. Use a run with folds, without a soup of them (soup.folds)."


@dataclass(frozen=True)
class RunUnknown:
    """The test of a run's answers.

    Attributes:
        test: one of its networks is that of one fold, members combined.
        rule: combines members.
        places: for each fold, the place of its network among those of each member.
    """

    test: UnknownTest
    rule: Rule
    places: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, run: Run, predictor: RunPredictor) -> RunUnknown:
        """Read the probabilities of the rows that each network holds out.

        Args:
            run: that is finished.
            predictor: of the run, or of its students.

        Raises:
            UserError: a network holds out no rows, or has lost its probabilities.
        """
        folds = _shared_folds(predictor.members)
        if not folds:
            raise UserError(f"{run.path} has no rows that its networks have not learnt", ADVICE)
        places = tuple(tuple(_numbers(member).index(fold) for member in predictor.members) for fold in folds)
        units = [
            _unit([held_out(member, place) for member, place in zip(predictor.members, one, strict=True)], predictor)
            for one in places
        ]
        if any(len(unit) == 0 for unit in units):
            raise UserError(f"{run.path} has no rows that its networks have not learnt", ADVICE)
        group = run.rows.group if run.rows.grouped else None
        rows = np.concatenate([unit.row for unit in units])
        test = UnknownTest.fit(
            [unit.prob for unit in units],
            None if group is None else [group[unit.row] for unit in units],
            repeats=int(np.unique(rows, return_counts=True)[1].max()),
        )
        return cls(test, predictor.rule, places)

    def p_values(self, answers: RunAnswers) -> Floats:
        """Return the p-value of each image whose probabilities by each network were kept, float64 [n].

        Args:
            answers: of the predictor.
        """
        units = [
            self.rule.combine([networks[place] for networks, place in zip(answers.networks, one, strict=True)])
            for one in self.places
        ]
        return self.test.p_values(units)


def held_out(member: MemberNetworks, place: int) -> Probabilities:
    """Return the probabilities of the rows that a network holds out, by the member's views.

    Raises:
        UserError: they are missing.
    """
    folder, views = member.networks[place], member.views
    identity = folder.probabilities("oof")
    if views.names == (IDENTITY,):
        return identity
    found = {IDENTITY: identity.prob} | folder.views("oof", folder.done.fingerprint)
    if missing := [name for name in views.names if name not in found]:
        raise UserError(
            f"{folder.path} has no probabilities of held-out rows by the view {missing[0]}",
            "Run the command that made the folder again.",
        )
    merged = merge_views([found[name] for name in views.names], views.mode)
    return Probabilities(identity.row, merged.astype(np.float32))


def _unit(members: Sequence[Probabilities], predictor: RunPredictor) -> Probabilities:
    """Combine the members of one fold, on the rows that all of them hold out."""
    rows = members[0].row
    for one in members[1:]:
        rows = np.intersect1d(rows, one.row)
    return Probabilities(rows, predictor.rule.combine([one.at(rows) for one in members]).astype(np.float32))


def _networks(member: MemberNetworks) -> tuple[NetworkFolder, ...]:
    """Return the networks of a member that are of folds."""
    return member.networks if member.views.refit is None else member.networks[:-1]


def _numbers(member: MemberNetworks) -> list[int]:
    return [one.fold for one in _networks(member)]


def _shared_folds(members: Sequence[MemberNetworks]) -> list[int]:
    """Return the folds of which every member has a network."""
    shared = set(_numbers(members[0]))
    for member in members[1:]:
        shared &= set(_numbers(member))
    return sorted(shared)
