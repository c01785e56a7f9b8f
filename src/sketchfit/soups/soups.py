"""Model soups of a run: means of trained networks' weights over members, and over folds.

Paper: "Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
time", Wortsman et al., arXiv 2203.05482.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sketchfit.data.folds import Fold
from sketchfit.inference.oof import Rows
from sketchfit.runs.artefacts import MeasuredChoice, SoupRecord, Step
from sketchfit.soups.builder import SoupBuilder
from sketchfit.soups.candidates import Candidate, gather, grouped, other_starts
from sketchfit.soups.fold_soup import FoldSoup, make_fold_soup, print_fold_soup
from sketchfit.soups.member_soup import MemberSoup, make_member_soup
from sketchfit.training.context import Member, RunContext
from sketchfit.training.fold import TrainedMember
from sketchfit.wording import counted

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
        return [
            Step(
                name=f"{one.record.how} soup of {len(one.candidates)}{'' if self._uses(one) else ', not used'}",
                top1=one.record.nested,
                gain=one.record.over_best_candidate,
            )
            for one in self.of_members
        ]

    def choices(self) -> tuple[MeasuredChoice, ...]:
        """Return why each soup of members is used or not, where the recipe uses soups."""
        return () if self.use == "none" else tuple(one.choice for one in self.of_members)

    def _uses(self, soup: MemberSoup) -> bool:
        return self.use != "none" and soup.choice.used

    def sources(self, trained: Mapping[str, TrainedMember]) -> dict[str, TrainedMember]:
        """Return whose probabilities are combined: soups in place of members, where soups are used.

        Views are left out for a greedy soup: its out-of-fold rows were predicted by different soups, and only one per
        fold is kept.
        """
        found = dict(trained)
        for soup in filter(self._uses, self.of_members):
            for name in soup.replaced - {soup.member}:
                del found[name]
            member, folds = found[soup.member].member, found[soup.member].folds
            if soup.record.how == "greedy":
                member = _without_views(member)
            found[soup.member] = TrainedMember(member, soup.name, folds, soup.results)
        return found


def make_soups(
    context: RunContext, members: Mapping[str, Member], folds: Sequence[Fold], rows: Rows, rounds_kept: int
) -> Soups:
    """Make the soups of the recipe and write `ensemble/soup.json`; what is on disk is not made again.

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
    record = SoupRecord(
        use=found.use,
        members=tuple(one.record for one in found.of_members),
        folds={name: one.record for name, one in found.of_folds.items()},
        apart=apart,
    )
    context.engine.on_main(lambda: context.run.write(record))
    return found


def _make_member_soups(
    context: RunContext, groups: Sequence[Sequence[Candidate]], folds: Sequence[Fold], rows: Rows
) -> tuple[MemberSoup, ...]:
    """Make the soup of each group of several candidates."""
    section, found = context.recipe.soup, []
    for group in groups:
        if len(group) > 1:
            builder = SoupBuilder(context, f"{group[0].name}+soup", group, folds)
            found.append(make_member_soup(builder, section.members, rows, force=section.force))
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
        if soup.choice.used:
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
    record = soup.record
    log.info(f"{record.how} soup of {', '.join(record.candidates)}: {record.nested}")
    if record.how == "greedy":
        log.info(f"  takes {', '.join(record.taken)}; naive, where the rows that are scored chose: {record.naive}")
    log.info(f"  over the best candidate ({record.best_candidate}): {record.over_best_candidate}")
    log.info(
        f"  over the mean of its candidates' probabilities ({record.mean_of_probabilities}): "
        f"{record.over_mean_of_probabilities}"
    )
    if len(record.taken) > 1:
        log.info(f"  that mean costs {counted(len(record.taken), 'network')} per fold at inference, the soup one")
    if others := other_starts(soup.candidates):
        log.info(
            f"  note: {', '.join(others)} did not start from the weights of {record.candidates[0]} (another seed "
            "gives the new head other first weights), and a mean of weights needs networks that share a start"
        )
    if any(
        one.recipe.training.checkpoint == "best" or one.recipe.averaging.soup == "greedy" for one in soup.candidates
    ):
        log.info("  note: a candidate was itself chosen on the rows that are scored: the figures are too high")
