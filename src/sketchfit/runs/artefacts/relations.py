"""Which training rows are related, and which of these relations the folds keep together."""

from __future__ import annotations

from collections.abc import Iterator

from sketchfit.runs.artefact import Artefact, ArtefactPart
from sketchfit.wording import counted, p_statement

CLUSTERS = "clusters"
"""First word of the name of a grouping by clusters of similar rows, which only `folds.group=auto` makes."""

NEAR_DUPLICATE = "near_duplicate"
"""Grouping of near-duplicates alone."""

UNGROUPED = ("none", NEAR_DUPLICATE)
"""Groupings that relate nothing but copies."""


class KeyFigures(ArtefactPart):
    """A key that was tested, and the evidence for it; see `relations.evidence`.

    Attributes:
        name: as in `folds.group`.
        origin: what its groups were read from.
        groups: number of groups with at least two rows.
        smallest, median, largest: rows per such group.
        effect: share by which the squared distance between rows of one class and group is smaller than that between
            rows of one class and other groups.
        z, p: of the permutation test; `p` is corrected for the number of keys.
        hit_rate, expected_hit_rate: share of rows whose nearest row of the same class is of the same group, and the
            share that is expected by chance; of other classes where no group has two rows of one class.
        related: whether the rows of a group are related.
        verdict, other: what the key means next to the other keys, and the name of the one concerned; see
            `relations.ranking`.
        crossing_pairs: pairs of rows of one group that plain stratified folds separate.
        shared_with_test: share of the test rows whose value occurs in training; None where it is not known.
        kept: whether the folds keep its groups together; None where that was not written down.
    """

    name: str
    origin: str
    groups: int
    smallest: int
    median: float
    largest: int
    effect: float
    z: float
    p: float
    hit_rate: float
    expected_hit_rate: float
    related: bool
    verdict: str = ""
    other: str = ""
    crossing_pairs: int
    shared_with_test: float | None = None
    kept: bool | None = None

    def __str__(self) -> str:
        """In one line, for logs and pages."""
        sizes = f"{self.smallest} to {self.largest}" if self.smallest < self.largest else f"{self.largest}"
        return (
            f"{self.name}: {counted(self.groups, 'group')} of {sizes} rows; the nearest row is "
            f"of the same group in {100 * self.hit_rate:.0f} % (by chance {100 * self.expected_hit_rate:.0f} "
            f"%), {p_statement(self.p)}; plain folds separate {counted(self.crossing_pairs, 'pair')}"
        )


class GroupingFigures(ArtefactPart):
    """A grouping that the folds could use.

    Attributes:
        name: as in `folds.group`.
        groups: number of groups, single rows included.
        higher, error: probability that a head is more certain of a validation row than of a test row, and its
            standard error; see `relations.resemblance`. None where it was not measured.
        head_top1: out-of-fold accuracy of a head on frozen features, with folds of this grouping, 0 … 1.
    """

    name: str
    groups: int
    higher: float | None = None
    error: float | None = None
    head_top1: float | None = None


class Relations(Artefact):
    """The relations between rows, and the grouping of the folds.

    Attributes:
        key: digest of what they were found in.
        setting: `folds.group` of the recipe.
        chosen: the grouping that the folds keep together, as in `folds.group`.
        reason: why it was chosen, one sentence.
        keys: all keys that were tested, related ones first.
        groupings: all that the folds could use, the one with the fewest groups first.
        choice_error: standard error of the accuracy with the chosen grouping, in log-odds; 0 for groups that something
            names, and that are all new or all known in the test set.
        known_share: share of the test rows whose group occurs in training although the folds keep it together; 0 where
            the test set shows either new groups or known ones.
        known_change: by which these rows change the log-odds of a right prediction.
        test_groups: equal groups that the groups of the test rows are worth, (Σ sizes)² / Σ sizes²; None where nothing
            names them.
        warning: that validation rows are clearly easier than test rows, for a reason that was not found; empty where
            they are not.
    """

    PLACE = "audit/relations.json"
    key: str = ""
    setting: str
    chosen: str
    reason: str
    keys: tuple[KeyFigures, ...] = ()
    groupings: tuple[GroupingFigures, ...] = ()
    choice_error: float = 0.0
    known_share: float = 0.0
    known_change: float = 0.0
    test_groups: float | None = None
    warning: str = ""

    @property
    def only_copies(self) -> bool:
        """Whether the groups of the rows are near-duplicates and nothing else."""
        return self.chosen in UNGROUPED

    @property
    def separated(self) -> tuple[str, ...]:
        """Names of the related keys whose groups the folds do not keep together, without parts of coarser ones."""
        return tuple(key.name for key in self.keys if key.verdict == "related" and key.kept is False)

    def lines(self, most: int = 5) -> Iterator[str]:
        """Yield what was found and chosen, for logs and pages; at most so many related keys."""
        related = [key for key in self.keys if key.related]
        for key in related[:most]:
            yield f"related rows: {key}"
        if len(related) > most:
            yield f"related rows: {len(related) - most} more keys, see relations.json"
        shown = [one for one in self.groupings if one.name == self.chosen or not one.name.startswith(CLUSTERS)]
        heads = [f"{100 * one.head_top1:.1f} % with {one.name}" for one in shown if one.head_top1 is not None]
        if len(heads) > 1:
            yield f"a head on frozen features is right out of fold on {', '.join(heads)}"
        yield f"folds keep together: {self.chosen} (folds.group={self.setting})"
        yield f"reason: {self.reason}"
        if self.known_share:
            yield (
                f"known groups: {100 * self.known_share:.0f} % of the test rows are of groups that occur in training; "
                "the claim counts them with the accuracy of folds that separate the groups"
            )
        if self.warning:
            yield f"WARNING: {self.warning}"
