"""Whether plain folds overestimate the accuracy by related drawings: a part of the audit's first answer."""

from __future__ import annotations

from sketchfit.runs.artefacts import Relations
from sketchfit.runs.artefacts.relations import CLUSTERS
from sketchfit.wording import counted


def fold_answer(relations: Relations | None, untested: str = "") -> str:
    """Return the answer, which agrees with the section on related drawings.

    Args:
        relations: what was found; None where nothing was tested.
        untested: why not, without a full stop.
    """
    if relations is None:
        return f"By related drawings: not tested{f' ({untested})' if untested else ''}."
    separated = [key for key in relations.keys if key.related and key.crossing_pairs]
    kept = [key for key in separated if key.kept]
    if relations.chosen.startswith(CLUSTERS):
        found = "Yes, by related drawings: the folds of a run keep similar drawings together"
    elif separated:
        key = max(kept or separated, key=lambda one: one.crossing_pairs)
        pairs = f"plain folds separate {counted(key.crossing_pairs, 'pair')} of drawings related by {key.name}"
        also = "the folds of a run keep them together" if kept else "so may the folds of a run"
        found = f"{'Yes' if kept else 'Perhaps'}, by related drawings: {pairs}, and {also}"
    else:
        return "Not by related drawings: none were found that plain folds separate."
    return f"{found}. Reason: {relations.reason}.{_heads(relations)}"


def _heads(relations: Relations) -> str:
    """Return how right a head is with these folds, and with the other ones that separate most."""
    finest = max(relations.groupings, key=lambda one: one.groups, default=None)
    chosen = next((one for one in relations.groupings if one.name == relations.chosen), None)
    if chosen is None or finest is None or chosen is finest or None in (chosen.head_top1, finest.head_top1):
        return ""
    plain, together = (f"{100 * (one.head_top1 or 0):.1f} % with {one.name}" for one in (finest, chosen))
    return f" A head on frozen features is right out of fold on {plain}, and on {together}."
