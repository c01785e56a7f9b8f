"""The report's further sections, each from evidence, settings and, where it must, the networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sketchfit.audit.traits import Traits, measure, traits_frame
from sketchfit.config.load import member_recipes
from sketchfit.config.recipe import Recipe
from sketchfit.data.images import ImageError, decode
from sketchfit.inference.intervals import Difference
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.networks import MemberNetworks, answers_to_changes, heat_maps, penultimate_features
from sketchfit.reporting.run.advice import Findings, Step, next_steps, training_findings
from sketchfit.reporting.run.embedding_map import SMALLEST, embed
from sketchfit.reporting.run.gallery import Shown
from sketchfit.reporting.run.label_issues import LabelIssue, disagreeing_copies, doubtful_labels, review_csv
from sketchfit.reporting.run.report import ExtraSection, Statistics
from sketchfit.reporting.run.robustness import compare_changes
from sketchfit.reporting.run.sections import labels_section, map_section, robustness_section, slices_section
from sketchfit.reporting.run.slices import Slice, compare_slices, trait_masks, tree_slices
from sketchfit.runs.folder import RunFolder
from sketchfit.tracking.console import Console

T = TypeVar("T")

MEASURED_WITHOUT_AUDIT = 3000
"""Drawings up to which traits are measured here where there was no audit."""


def further_sections(
    run: Path,
    evidence: Evidence,
    statistics: Statistics,
    recipe: Recipe,
    pictures: Sequence[NDArray[np.uint8]],
    console: Console,
) -> tuple[list[ExtraSection], list[Step], dict[str, str]]:
    """All sections after the gallery, what to try next, and files that lie beside the page."""
    group = evidence.group if len(np.unique(evidence.group)) < len(evidence.group) else None
    slices, found, note = _slices(evidence, group, recipe)
    issues = [*disagreeing_copies(evidence.prob, evidence.label, evidence.group)]
    seen = {one.place for one in issues}
    issues += [one for one in doubtful_labels(evidence.prob, evidence.label) if one.place not in seen]
    sections = [slices_section(slices, found, note), labels_section(evidence, issues, pictures)]
    asked = _asked(run, evidence, recipe)
    changes = _describe(lambda: _robustness(asked, recipe.report.robustness, sections), "robustness", console) or {}
    _describe(lambda: _map(asked, recipe.report.embedding, sections), "embedding map", console)
    findings = _findings(evidence, statistics, [*slices, *found], changes, issues)
    steps = next_steps(findings, recipe.model_dump(mode="json"))
    return (
        sections,
        steps,
        {"label_issues.csv": review_csv(issues, evidence.paths, evidence.label, evidence.class_names)},
    )


def gallery_heat(
    run: Path, evidence: Evidence, recipe: Recipe, shown: Sequence[Shown], console: Console
) -> dict[int, NDArray[np.uint8]]:
    """Heat maps of the first drawings of the gallery; empty where the network's kind is not known."""
    places = [one.place for one in shown[: recipe.report.attribution]]
    if not places:
        return {}
    return _describe(lambda: heat_maps(_asked(run, evidence, recipe), places), "heat maps", console) or {}


def _asked(run: Path, evidence: Evidence, recipe: Recipe) -> MemberNetworks:
    member, member_recipe = next(iter(member_recipes(recipe).items()))
    return MemberNetworks(RunFolder(run), member, member_recipe, evidence)


def _describe(ask: Callable[[], T], what: str, console: Console) -> T | None:
    """What a network could not be asked leaves a section out, not the page."""
    try:
        return ask()
    except Exception as error:  # any backbone may be given, and the page is worth having without this
        console.line(f"report: no {what}: {type(error).__name__}: {error}")
        return None


def _slices(
    evidence: Evidence, group: NDArray[np.int64] | None, recipe: Recipe
) -> tuple[list[Slice], list[Slice], str]:
    traits = evidence.traits
    if traits is None:
        if len(evidence.rows) > MEASURED_WITHOUT_AUDIT:
            return [], [], "The audit was off (audit.enabled), so that traits of the drawings are not known."
        traits = _measured(evidence, recipe)
    slices = compare_slices(trait_masks(traits), evidence.correct, group)
    return slices, tree_slices(traits, evidence.correct, group), "There are too few drawings to compare parts of them."


def _measured(evidence: Evidence, recipe: Recipe) -> pd.DataFrame:
    def one(path: str) -> Traits | None:
        try:
            return measure(decode(evidence.root / path), (evidence.root / path).stat().st_size)
        except (ImageError, OSError):
            return None

    with ThreadPoolExecutor(recipe.compute.threads) as pool:
        traits = list(pool.map(one, evidence.paths))
    return traits_frame(traits, evidence.rows.tolist(), ["train"] * len(traits), evidence.paths)


def _robustness(asked: MemberNetworks, count: int, sections: list[ExtraSection]) -> dict[str, Difference]:
    if count == 0:
        return {}
    places, right = answers_to_changes(asked, _sample(asked.evidence, count))
    if not len(places):
        return {}
    group = asked.evidence.group[places]
    base, changes = compare_changes(
        right["as it is"],
        {name: value for name, value in right.items() if name != "as it is"},
        group if len(np.unique(group)) < len(group) else None,
    )
    sections.append(robustness_section(base, changes))
    return {name: change for name, (_, change) in changes.items()}


def _map(asked: MemberNetworks, count: int, sections: list[ExtraSection]) -> None:
    if count == 0:
        return
    first = np.flatnonzero(asked.evidence.fold == asked.evidence.fold.min(initial=0))
    kept = first if len(first) <= count else np.sort(_generator().permutation(first)[:count])
    if len(kept) < SMALLEST:
        return
    places, features = penultimate_features(asked, kept)
    if len(places) >= SMALLEST:
        sections.append(map_section(places, embed(features), len(asked.evidence.rows)))


def _sample(evidence: Evidence, count: int) -> NDArray[np.int64]:
    return np.sort(_generator().permutation(len(evidence.rows))[:count])


def _generator() -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=0))


def _findings(
    evidence: Evidence,
    statistics: Statistics,
    slices: Sequence[Slice],
    changes: dict[str, Difference],
    issues: Sequence[LabelIssue],
) -> Findings:
    train, before, last = training_findings(evidence)
    counts = np.bincount(evidence.label, minlength=evidence.class_count)
    return Findings(
        accuracy=statistics.total.top1.value,
        train_accuracy=train,
        before_last_valid=before,
        last_valid=last,
        ece=statistics.total.ece.value,
        temperature=statistics.temperature,
        slices=slices,
        changes=changes,
        doubtful=len(issues),
        labels=len(evidence.rows),
        smallest_class=int(counts.min()),
        largest_class=int(counts.max()),
    )
