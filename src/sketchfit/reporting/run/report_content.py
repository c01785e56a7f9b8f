"""What a report consists of: every section, computed from a run and its images, and the page that holds them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from sketchfit.config.recipe import Recipe
from sketchfit.inference.intervals import families
from sketchfit.reporting.evidence import Evidence
from sketchfit.reporting.kit.page import embedded_json, flat_settings, render
from sketchfit.reporting.kit.thumbnails import thumbnails
from sketchfit.reporting.run.advice.collect import SectionResults, collect_findings
from sketchfit.reporting.run.advice.give import give_advice
from sketchfit.reporting.run.advice.section import advice_section
from sketchfit.reporting.run.claimed import claimed_section
from sketchfit.reporting.run.classes import classes_section
from sketchfit.reporting.run.confusions import confusions_section
from sketchfit.reporting.run.curves import training_section
from sketchfit.reporting.run.drifted import drift_section
from sketchfit.reporting.run.embedding_map import SMALLEST, embed, map_section
from sketchfit.reporting.run.gallery import choose_errors, gallery_section
from sketchfit.reporting.run.headline import headline_section
from sketchfit.reporting.run.held_out_networks import (
    HeldOutNetworks,
    answers_to_changes,
    heat_maps,
    penultimate_features,
)
from sketchfit.reporting.run.label_issues import LabelReview, review_csv, review_labels
from sketchfit.reporting.run.labels_section import SHOWN, labels_section
from sketchfit.reporting.run.page_section import PageSection, page_section
from sketchfit.reporting.run.planned import plan_section
from sketchfit.reporting.run.reviewed import reviewed_drawings
from sketchfit.reporting.run.robustness import Robustness, compare_changes, robustness_section
from sketchfit.reporting.run.shown_rows import ShownRows
from sketchfit.reporting.run.slices import SliceResults, find_slices, shown_places, slices_section
from sketchfit.reporting.run.sprites import SPRITE_COLUMNS, class_sprites, sprite_size
from sketchfit.reporting.run.statistics import compute_statistics
from sketchfit.reporting.run.summary import summarise, summary_section
from sketchfit.reporting.site.run_facts import run_facts

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReportSource:
    """What a report is made from; `networks` are those of the first member with epochs, else of the first member.

    `submission` is the address of the answers to the test rows, for a link; empty where there is none.
    """

    evidence: Evidence
    recipe: Recipe
    networks: HeldOutNetworks
    note: str = ""
    submission: str = ""

    def files(self, stages: Mapping[str, float] | None) -> dict[str, bytes]:
        """Compute everything: file name to content, `index.html` last."""
        evidence, settings, threads = self.evidence, self.recipe.report, self.recipe.compute.threads
        statistics = compute_statistics(evidence, settings.resamples)
        slices = find_slices(evidence, statistics.group, threads)
        review = review_labels(evidence)
        shown = self.shown(slices, review)
        paths = [evidence.root / evidence.paths[place] for place in shown.places]
        pictures = dict(zip(shown.places.tolist(), thumbnails(paths, settings.thumbnail, threads), strict=True))
        robustness = self.attempt("robustness", self.robustness)
        embedding = self.attempt("embedding map", self.embedding)
        items = choose_errors(evidence, settings.gallery)
        explained = [one.place for one in items[: settings.attribution]]
        heat = self.attempt("heat maps", lambda: heat_maps(self.networks, explained)) if explained else None
        results = SectionResults(statistics, slices, robustness, review.issues)
        found = collect_findings(evidence, results)
        advice = give_advice(found, self.recipe)
        summary = summarise(evidence, results, found, advice)
        sections = [
            summary_section(summary),
            headline_section(evidence, statistics, self.submission),
            *([claimed] if (claimed := claimed_section(evidence.run)) else []),
            *([plan] if (plan := plan_section(evidence.run)) else []),
            advice_section(evidence.run, advice),
            training_section(evidence, stages),
            classes_section(evidence, statistics.group),
            confusions_section(evidence),
            gallery_section(evidence, items, self.networks.recipe, heat or {}),
            slices_section(evidence, slices),
            *([drift] if (drift := drift_section(evidence)) else []),
            labels_section(evidence, review, pictures),
            *([robustness_section(robustness)] if robustness else []),
            *([embedding] if embedding else []),
            _settings_section(evidence),
        ]
        sprites, files = class_sprites(evidence, pictures, settings.inline_megabytes * 1e6)
        reviewed = reviewed_drawings(evidence, review.issues, set(shown.places.tolist()))
        page = _page(self, sections, shown, sprites, reviewed)
        labels = review_csv(evidence, review.issues)
        files |= {"label_issues.csv": labels.encode(), "summary.json": summary.text().encode()}
        return files | {"index.html": page.encode()}

    def shown(self, slices: SliceResults, review: LabelReview) -> ShownRows:
        """Return the rows on the page: at least those that a section shows."""
        of_slices = (place for places in shown_places(self.evidence, slices) for place in places)
        of_labels = (one.place for one in review.issues[:SHOWN])
        return ShownRows.of(self.evidence.paths, chain(of_slices, of_labels, self._mapped().tolist()))

    def attempt(self, what: str, compute: Callable[[], T]) -> T | None:
        """Return what the networks give, or log why a section is left out."""
        try:
            return compute()
        except Exception as error:  # any backbone may be given, and the other sections are useful without this one
            log.info(f"report: no {what}: {type(error).__name__}: {error}")
            return None

    def robustness(self) -> Robustness | None:
        """Compare changed inputs on a sample; None where it is empty or no network is on disk."""
        sample = _sample(len(self.evidence.rows), self.recipe.report.robustness)
        places, answers = answers_to_changes(self.networks, sample) if len(sample) else (sample, {})
        if not len(places):
            return None
        return compare_changes(answers, self.evidence.label[places], families(self.evidence.group[places]))

    def embedding(self) -> PageSection | None:
        """Map the held-out drawings of the first fold's network, or a sample of them; None where there are few."""
        chosen = self._mapped()
        if len(chosen) < SMALLEST:
            return None
        places, features = penultimate_features(self.networks, chosen)
        return map_section(self.evidence, places, embed(features)) if len(places) >= SMALLEST else None

    def _mapped(self) -> NDArray[np.int64]:
        """Return the places of the drawings on the map."""
        fold = self.evidence.fold
        first = np.flatnonzero(fold == fold.min(initial=0))
        return first[_sample(len(first), self.recipe.report.embedding)]


def _sample(rows: int, count: int) -> NDArray[np.int64]:
    """Sample at most `count` of so many rows without replacement: int64, ascending."""
    if rows <= count:
        return np.arange(rows)
    return np.sort(np.random.Generator(np.random.Philox(key=0)).permutation(rows)[:count])


def _settings_section(evidence: Evidence) -> PageSection:
    run = evidence.run
    return page_section(
        "settings",
        "Settings",
        settings=flat_settings(run.recipe.model_dump(mode="json")),
        environment=flat_settings(run.environment.model_dump(exclude={"version"})) if run.environment else [],
        notes=list(run.findings.notes) if run.findings else [],
    )


def _page(
    source: ReportSource, sections: Sequence[PageSection], shown: ShownRows, sprites: Sequence[str], review: Markup
) -> str:
    """Put the sections together, with the data of the page's script."""
    evidence, places = source.evidence, shown.places
    label, every = evidence.label[places], evidence.run.rows.fold  # also of folds that were not trained
    data = {
        "names": evidence.class_names,
        "side": source.recipe.report.thumbnail,
        "columns": SPRITE_COLUMNS,
        "sprite_size": sprite_size(source.recipe.report.thumbnail),
        "sprites": sprites,
        "members": len(evidence.members),
        "rows": {
            "label": label,
            "answer": evidence.answer[places],
            "confidence": np.round(1000 * evidence.confidence[places]).astype(np.int64),
            "own": np.round(1000 * evidence.prob[places, label]).astype(np.int64),
            "path": [evidence.paths[place] for place in places],
        },
    }
    if shown.partial:
        data["places"], data["counts"] = places, np.bincount(evidence.label, minlength=evidence.class_count)
    for section in sections:
        data.update(section.data)
    return render(
        "report",
        title=f"{evidence.name}: sketchfit report",
        note=". ".join(filter(None, (source.note, shown.note))),
        facts=run_facts(evidence.run),
        rows=len(evidence.rows),
        classes=evidence.class_count,
        folds=len(np.unique(every[every >= 0])),
        members=max(len(evidence.members), 1),
        links=[(section.anchor, section.name) for section in sections],
        sections=sections,
        data=embedded_json(data),
        review=review,
    )
