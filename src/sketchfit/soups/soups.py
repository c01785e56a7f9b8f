"""Model soups of a run: means of trained networks' weights over members, and over folds.

Paper: "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
time", Wortsman et al., arXiv 2203.05482.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sketchfit.data.folds import Fold
from sketchfit.files import write_json
from sketchfit.inference.oof import Rows, Step, estimate_json
from sketchfit.soups.builder import SoupBuilder
from sketchfit.soups.candidates import Candidate, gather, grouped, other_starts
from sketchfit.soups.fold_soup import FoldSoup, make_fold_soup, print_fold_soup
from sketchfit.soups.member_soup import MemberSoup, make_member_soup
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import TrainedMember

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Soups:
    """All soups of a run.

    Attributes:
        use: which of them predict: `none`, `members` or `folds`.
        of_members: in the order of their first candidates.
        of_folds: by the name of the member that each replaces.
        apart: name of a candidate to the reason why it is not averaged with the first.
    """

    use: str = "none"
    of_members: tuple[MemberSoup, ...] = ()
    of_folds: Mapping[str, FoldSoup] = field(default_factory=dict)
    apart: Mapping[str, str] = field(default_factory=dict)

    def steps(self) -> list[Step]:
        """Return the out-of-fold accuracy of each soup of members."""
        unused = ", not used" if self.use == "none" else ""
        return [
            Step(f"{one.how} soup of {len(one.candidates)}{unused}", one.top1, one.over_best) for one in self.of_members
        ]

    def sources(self, trained: Mapping[str, TrainedMember]) -> dict[str, TrainedMember]:
        """Return whose probabilities are combined: soups in place of members, where soups are used.

        Views are left out for a greedy soup: its out-of-fold rows were predicted by different soups, and only one per
        fold is kept.
        """
        found = dict(trained)
        if self.use == "none":
            return found
        for soup in self.of_members:
            for name in soup.replaced - {soup.member}:
                del found[name]
            member = found[soup.member].member
            if soup.how == "greedy":
                member = _without_views(member)
            found[soup.member] = TrainedMember(member, soup.name, soup.results)
        return found


def make_soups(
    context: RunContext, members: Mapping[str, Member], folds: Sequence[Fold], rows: Rows, rounds_kept: int
) -> Soups:
    """Make the soups that the recipe asks for and write `ensemble/soup.json`; what is on disk is not made again.

    Args:
        context: of the run.
        members: all, by name.
        folds: those that were trained.
        rows: that have out-of-fold probabilities.
        rounds_kept: rounds of pseudo-labels whose students were kept; they are candidates too.
    """
    section = context.recipe.soup
    candidates = gather(context.run, members.values(), folds, rounds_kept)
    groups, apart = grouped(candidates)
    for name, reason in apart.items():
        log.info(f"soup: {name} is not averaged with {candidates[0].name}: it has {reason}")
    of_members = _make_member_soups(context, groups, folds, rows) if section.members != "none" else ()
    found = Soups(section.use, of_members, {}, apart)
    if section.folds:
        found = replace(found, of_folds=_make_fold_soups(context, found, candidates, folds))
    context.engine.on_main(lambda: write_json(context.run.ensemble / "soup.json", _json(found)))
    return found


def _make_member_soups(
    context: RunContext, groups: Sequence[Sequence[Candidate]], folds: Sequence[Fold], rows: Rows
) -> tuple[MemberSoup, ...]:
    """Make the soup of each group of several candidates."""
    found = []
    for group in groups:
        if len(group) > 1:
            builder = SoupBuilder(context, f"{group[0].name}+soup", group, folds)
            found.append(make_member_soup(builder, context.recipe.soup.members, rows))
            _print(found[-1])
    if not found:
        log.info("soup: no two candidates can be averaged, so no member is")
    return tuple(found)


def _make_fold_soups(
    context: RunContext, soups: Soups, candidates: Sequence[Candidate], folds: Sequence[Fold]
) -> dict[str, FoldSoup]:
    """Make the soup of the folds of each soup of members, and of each member that is in none."""
    if len(folds) < 2:
        log.info("soup: one fold was trained, so there are no folds to average")
        return {}
    sources: dict[str, Candidate | MemberSoup] = {
        one.member.name: one for one in candidates
    }  # students replace members
    members = {one.member.name: one.member for one in candidates}
    for soup in soups.of_members:
        for name in soup.replaced - {soup.member}:
            del sources[name]
        sources[soup.member] = soup
    found = {}
    for name, source in sources.items():
        found[name] = make_fold_soup(context, replace(members[name], name=source.name), source.results, folds)
        print_fold_soup(found[name], len(folds))
    if soups.use == "folds":
        log.info("  it predicts the test rows (soup.use=folds): out-of-fold figures are those of its candidates")
    return found


def _without_views(member: Member) -> Member:
    inference = member.recipe.inference.model_copy(update={"views": []})
    return replace(member, recipe=member.recipe.model_copy(update={"inference": inference}))


def _print(soup: MemberSoup) -> None:
    log.info(f"{soup.how} soup of {', '.join(one.name for one in soup.candidates)}: {soup.top1}")
    if soup.how == "greedy":
        log.info(f"  takes {', '.join(soup.taken)}; naive, where the rows that are scored chose: {soup.naive}")
    log.info(f"  over the best candidate ({soup.best}): {soup.over_best}")
    log.info(f"  over the mean of its candidates' probabilities ({soup.ensemble}): {soup.over_ensemble}")
    if len(soup.taken) > 1:
        log.info(f"  that mean costs {len(soup.taken)} networks per fold at inference, the soup one")
    if others := other_starts(soup.candidates):
        log.info(
            f"  note: {', '.join(others)} did not start from the weights of {soup.candidates[0].name} (another seed "
            "gives the new head other first weights), and a mean of weights needs networks that share a start"
        )
    if any(
        one.recipe.training.checkpoint == "best" or one.recipe.averaging.soup == "greedy" for one in soup.candidates
    ):
        log.info("  note: a candidate was itself chosen on the rows that are scored: the figures are too high")


def _json(soups: Soups) -> dict[str, object]:
    return {
        "use": soups.use,
        "members": [_member_json(one) for one in soups.of_members],
        "folds": {
            member: {
                "name": one.name,
                "source": one.source,
                "agreement_with_folds_mean": estimate_json(one.agreement) if one.agreement else None,
                "out_of_fold": None,
            }
            for member, one in soups.of_folds.items()
        },
        "apart": dict(soups.apart),
    }


def _member_json(soup: MemberSoup) -> dict[str, object]:
    return {
        "name": soup.name,
        "how": soup.how,
        "candidates": [each.name for each in soup.candidates],
        "taken": soup.taken,
        "taken_by_part": {str(part): names for part, names in soup.taken_by_part.items()},
        "nested": estimate_json(soup.top1),
        "naive": estimate_json(soup.naive),
        "best_ingredient": estimate_json(soup.best),
        "over_best_ingredient": estimate_json(soup.over_best),
        "mean_of_probabilities": estimate_json(soup.ensemble),
        "over_mean_of_probabilities": estimate_json(soup.over_ensemble),
    }
