"""Soups: means of trained networks' weights, fold by fold over members, or over the folds themselves.

Paper: "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
time", Wortsman et al., arXiv 2203.05482. Fold k's soup is made of networks that never saw fold k, and batch norm's
statistics are taken anew from fold k's training rows, so that its answers to fold k's rows are honest. What a greedy
soup takes for rows of a part is chosen on the other parts. A soup of the folds has seen every labelled row: nothing is
claimed for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sketchfit.config.recipe import Recipe
from sketchfit.data.folds import Fold
from sketchfit.files import write_json
from sketchfit.inference import votes
from sketchfit.inference.ensembling.methods.best_member import fit_best_member
from sketchfit.inference.ensembling.nested import nested
from sketchfit.inference.folding import each_fold
from sketchfit.inference.intervals import Difference, Estimate, accuracy, paired_difference
from sketchfit.inference.oof import Floats, Rows, Step, estimate_json, mean_by_row
from sketchfit.models.averaging import greedy_choice
from sketchfit.runs.folder import RunFolder
from sketchfit.soups.builder import SoupBuilder, mix_folds
from sketchfit.soups.candidates import Candidate, check_unseen, gather, grouped, other_starts
from sketchfit.stages.train import FoldResult, Inputs
from sketchfit.stages.views import MemberAnswers, answer_test
from sketchfit.tracking.console import Console
from sketchfit.training.engine import Engine

Chosen = tuple[int, ...]


@dataclass(frozen=True)
class MemberSoup:
    """A network a fold in place of several.

    Attributes:
        name: of its folder.
        how: `uniform` or `greedy`.
        candidates: all that could have gone in; the soup stands under the first one's member.
        taken: names of those in the networks that answer test rows.
        taken_by_part: those in the networks that answered each part's out-of-fold rows.
        results: of each fold; `oof` is the nested one.
        top1: out of fold, candidates chosen on other parts.
        naive: with those chosen on all rows, for rows that chose; equal to `top1` where all are taken.
        best: out-of-fold top-1 of the best candidate, itself chosen on other parts; `over_best`: the soup over it.
        ensemble: of the mean of the same candidates' probabilities; `over_ensemble`: the soup over it.
    """

    name: str
    how: str
    candidates: tuple[Candidate, ...]
    taken: tuple[str, ...]
    taken_by_part: Mapping[int, tuple[str, ...]]
    results: tuple[FoldResult, ...]
    top1: Estimate
    naive: Estimate
    best: Estimate
    over_best: Difference
    ensemble: Estimate
    over_ensemble: Difference

    @property
    def member(self) -> str:
        """Under whose name it answers."""
        return self.candidates[0].member

    @property
    def replaced(self) -> set[str]:
        """Members that it stands for."""
        return {one.member for one in self.candidates}


@dataclass(frozen=True)
class FoldSoup:
    """One network in place of all folds'.

    Attributes:
        name: of its folder.
        source: name of the networks that it is the mean of.
        seen: the rows that its candidates have learnt from, all of them.
        result: its answers to test rows; there are no out-of-fold ones.
        agreement: share of readable test rows on which its first class is that of the folds' mean; None without any.
    """

    name: str
    source: str
    seen: Fold
    result: FoldResult
    agreement: Estimate | None


@dataclass(frozen=True)
class Soups:
    """All soups of a run.

    Attributes:
        use: which of them answer: `none`, `members` or `folds`.
        of_members: in the order of their first candidates.
        of_folds: by the member under whose name it answers.
        apart: name of an candidate to why it is not averaged with the first.
    """

    use: str = "none"
    of_members: tuple[MemberSoup, ...] = ()
    of_folds: Mapping[str, FoldSoup] | None = None
    apart: Mapping[str, str] | None = None

    def steps(self) -> list[Step]:
        """A line of the summary each soup of members."""
        unused = ", not used" if self.use == "none" else ""
        return [
            Step(f"{one.how} soup of {len(one.candidates)}{unused}", one.top1, one.over_best) for one in self.of_members
        ]

    def standing(
        self, members: Mapping[str, Recipe], names: Mapping[str, str], results: Mapping[str, Sequence[FoldResult]]
    ) -> tuple[dict[str, Recipe], dict[str, str], dict[str, Sequence[FoldResult]]]:
        """Who answers where soups are used: members with their recipes, their folders and results.

        A greedy soup's views are left out: its out-of-fold rows were answered by different soups, of which only one a
        fold is kept.
        """
        members, names, results = dict(members), dict(names), dict(results)
        if self.use == "none":
            return members, names, results
        for soup in self.of_members:
            for member in soup.replaced - {soup.member}:
                del members[member], names[member], results[member]
            names[soup.member], results[soup.member] = soup.name, soup.results
            if soup.how == "greedy":
                recipe = members[soup.member]
                plain = recipe.inference.model_copy(update={"views": []})
                members[soup.member] = recipe.model_copy(update={"inference": plain})
        return members, names, results

    def answering(
        self,
        run: RunFolder,
        members: Mapping[str, Recipe],
        inputs: Mapping[str, Inputs],
        viewed: Mapping[str, MemberAnswers],
        names: Mapping[str, str],
        engine: Engine,
        console: Console,
    ) -> tuple[dict[str, MemberAnswers], dict[str, str]]:
        """Members' answers and folders, where soups of folds answer test rows, by the views that the folds chose."""
        answers, folders = dict(viewed), dict(names)
        for member, one in (self.of_folds or {}).items() if self.use == "folds" else ():
            recipe, views = members[member], viewed[member].views
            test = answer_test(run, one.name, recipe, inputs[member], one.seen, one.result, views, engine, console)
            answers[member], folders[member] = replace(viewed[member], test=(test,)), one.name
        return answers, folders


def soup(
    run: RunFolder,
    recipe: Recipe,
    members: Mapping[str, Recipe],
    inputs: Mapping[str, Inputs],
    folds: Sequence[Fold],
    kept: int,
    rows: Rows,
    engine: Engine,
    console: Console,
) -> Soups:
    """Make the soups that the recipe asks for and write `ensemble/soup.json`; what is on disk is not made again.

    Args:
        folds: those that were trained.
        kept: rounds of pseudo-labels whose students were kept; they are candidates too.
        rows: that have out-of-fold probabilities.
    """
    section = recipe.soup
    if section.members == "none" and not section.folds:
        return Soups()
    candidates = gather(run, members, folds, kept)
    groups, apart = grouped(candidates)
    for name, reason in apart.items():
        console.line(f"soup: {name} is not averaged with {candidates[0].name}: it has {reason}")
    made: list[MemberSoup] = []
    if section.members != "none":
        for group in groups:
            if len(group) > 1:
                builder = SoupBuilder(run, f"{group[0].name}+soup", group, inputs[group[0].member], folds, engine)
                made.append(_of_members(builder, section.members, rows))
                _print(made[-1], console)
        if not made:
            console.line("soup: no two candidates can be averaged, so no member is")
    found = Soups(section.use, tuple(made), {}, apart)
    if section.folds:
        found = replace(found, of_folds=_of_folds(run, found, members, inputs, folds, kept, engine, console))
    if engine.is_main:
        write_json(run.ensemble / "soup.json", _json(found))
    engine.wait()
    return found


def _of_members(builder: SoupBuilder, how: str, rows: Rows) -> MemberSoup:
    group = builder.group
    for place, fold in enumerate(builder.folds):
        check_unseen(group, place, fold, len(builder.inputs.table.label))
    everyone = tuple(range(len(group)))
    by_part = {part: everyone for part, _ in each_fold(rows.fold)}
    taken = everyone
    if how == "greedy":
        by_part = {part: _choose(builder, rows, ~held) for part, held in each_fold(rows.fold)}
        taken = _choose(builder, rows, np.ones(len(rows.row), dtype=bool))
    results = builder.serve(taken)
    naive = _merged(builder.folds, [result.oof for result in results])
    honest = [_by_part(builder, place, rows, by_part) for place in range(len(results))] if how == "greedy" else None
    if honest is not None:
        results = tuple(replace(result, oof=oof) for result, oof in zip(results, honest, strict=True))
    answers = _merged(builder.folds, [result.oof for result in results])
    alone = [_merged(builder.folds, [result.oof for result in one.results]) for one in group]
    ensemble = np.zeros_like(answers)
    for part, held in each_fold(rows.fold):
        ensemble[held] = votes.mean([alone[number][held] for number in by_part[part]])
    best = nested(fit_best_member, alone, rows.label, rows.fold).prob
    right, right_best, right_ensemble = (rows.right(prob) for prob in (answers, best, ensemble))
    return MemberSoup(
        builder.name,
        how,
        tuple(group),
        _names(group, taken),
        {part: _names(group, chosen) for part, chosen in by_part.items()},
        results,
        accuracy(right, rows.group),
        accuracy(rows.right(naive), rows.group),
        accuracy(right_best, rows.group),
        paired_difference(right_best, right, rows.group),
        accuracy(right_ensemble, rows.group),
        paired_difference(right_ensemble, right, rows.group),
    )


def _choose(builder: SoupBuilder, rows: Rows, judges: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Chosen:
    """Ingredients that a greedy soup takes by its out-of-fold accuracy on some of the rows, bool [n], ascending."""

    def score(chosen: Chosen) -> float:
        ordered = tuple(sorted(chosen))
        parts = [builder.oof(ordered, place) for place in range(len(builder.folds))]
        return float(rows.right(_merged(builder.folds, parts))[judges].mean())

    return tuple(sorted(greedy_choice(len(builder.group), score)[0]))


def _by_part(builder: SoupBuilder, place: int, rows: Rows, by_part: Mapping[int, Chosen]) -> Floats:
    """A fold's out-of-fold answers, each row's by the candidates that other parts chose; float32 [n, C]."""
    part = rows.fold[np.searchsorted(rows.row, builder.folds[place].valid)]
    made = {int(one): builder.oof(by_part[int(one)], place) for one in np.unique(part)}
    found = np.zeros_like(next(iter(made.values())))
    for one, prob in made.items():
        found[part == one] = prob[part == one]
    return found


def _merged(folds: Sequence[Fold], probs: Sequence[Floats]) -> Floats:
    return mean_by_row([fold.valid for fold in folds], probs)[1]


def _names(group: Sequence[Candidate], chosen: Chosen) -> tuple[str, ...]:
    return tuple(group[number].name for number in chosen)


def _of_folds(
    run: RunFolder,
    soups: Soups,
    members: Mapping[str, Recipe],
    inputs: Mapping[str, Inputs],
    folds: Sequence[Fold],
    kept: int,
    engine: Engine,
    console: Console,
) -> dict[str, FoldSoup]:
    """Of each soup of members, and of each member that is in none."""
    if len(folds) < 2:
        console.line("soup: one fold was trained, so there are no folds to average")
        return {}
    newest = {one.member: one for one in gather(run, members, folds, kept)}  # a member's last students come last
    sources = {member: (one.name, one.results) for member, one in newest.items()}
    for one in soups.of_members:
        for member in one.replaced - {one.member}:
            del sources[member]
        sources[one.member] = (one.name, one.results)
    found = {}
    for member, (source, results) in sources.items():
        seen, result = mix_folds(run, source, members[member], inputs[member], folds, engine)
        readable = inputs[member].test.readable
        agreement = None
        if readable.any():
            mean = votes.mean([one.test for one in results])
            agreement = accuracy((mean.argmax(axis=1) == result.test.argmax(axis=1))[readable])
        found[member] = FoldSoup(f"{source}+folds", source, seen, result, agreement)
        agrees = f"its first class is that of the folds' mean on {agreement} of the test rows; " if agreement else ""
        console.line(f"soup of {source}'s {len(folds)} folds, one network: {agrees}it has seen every labelled row, so")
        console.line("  no out-of-fold figure can be claimed for it, nor that it is better or worse than they are")
    if soups.use == "folds":
        console.line("  it answers the test rows (soup.use=folds): out-of-fold figures are those of what it is made of")
    return found


def _print(found: MemberSoup, console: Console) -> None:
    times = len(found.taken)
    console.line(f"{found.how} soup of {', '.join(one.name for one in found.candidates)}: {found.top1}")
    if found.how == "greedy":
        console.line(f"  takes {', '.join(found.taken)}; naive, where the rows that are scored chose: {found.naive}")
    console.line(f"  over the best candidate ({found.best}): {found.over_best}")
    console.line(f"  over the mean of its candidates' probabilities ({found.ensemble}): {found.over_ensemble}")
    if times > 1:
        console.line(f"  that mean costs {times} networks a fold at inference, the soup one")
    if others := other_starts(found.candidates):
        console.line(
            f"  note: {', '.join(others)} did not begin from the weights of {found.candidates[0].name} (another seed "
            "gives the new head other first weights), and means of weights are for networks that share a start"
        )
    if any(
        one.recipe.training.checkpoint == "best" or one.recipe.averaging.soup == "greedy" for one in found.candidates
    ):
        console.line("  note: an candidate was itself chosen on the rows that are scored: the figures flatter")


def _json(soups: Soups) -> dict[str, object]:
    return {
        "use": soups.use,
        "members": [
            {
                "name": one.name,
                "how": one.how,
                "candidates": [each.name for each in one.candidates],
                "taken": one.taken,
                "taken_by_part": {str(part): names for part, names in one.taken_by_part.items()},
                "nested": estimate_json(one.top1),
                "naive": estimate_json(one.naive),
                "best_ingredient": estimate_json(one.best),
                "over_best_ingredient": estimate_json(one.over_best),
                "mean_of_probabilities": estimate_json(one.ensemble),
                "over_mean_of_probabilities": estimate_json(one.over_ensemble),
            }
            for one in soups.of_members
        ],
        "folds": {
            member: {
                "name": one.name,
                "source": one.source,
                "agreement_with_folds_mean": estimate_json(one.agreement) if one.agreement else None,
                "out_of_fold": None,
            }
            for member, one in (soups.of_folds or {}).items()
        },
        "apart": dict(soups.apart or {}),
    }
