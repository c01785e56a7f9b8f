"""The audit with the settings of a recipe: run, written and logged."""

from __future__ import annotations

import importlib.metadata
import logging
from pathlib import Path
from typing import Any

from sketchfit.auditing import Audit, AuditSettings, Backbone, PixelStatistics, run_audit, write_findings, write_traits
from sketchfit.auditing.drift_sentences import drift_sentence
from sketchfit.auditing.leak_guard import check_external
from sketchfit.config.fold_weights import at_any_fold
from sketchfit.config.recipe import Recipe
from sketchfit.data.image_pass import Decoding
from sketchfit.data.stores import cache_folder
from sketchfit.data.table import Table
from sketchfit.files import read_json, write_json
from sketchfit.moving import delete_file
from sketchfit.reporting.audit.audit_page import write_audit_page
from sketchfit.reporting.audit.relations_card import why_untested
from sketchfit.reporting.review import ReviewTarget
from sketchfit.runs.fingerprint import digest
from sketchfit.tracking.console import Console
from sketchfit.wording import counted

log = logging.getLogger(__name__)

PAGE = "index.html"

LOGGED_TRAITS = 3
"""Traits that separate test from training images and are logged; the page shows more."""


def audit_table(table: Table, recipe: Recipe, console: Console) -> Audit:
    """Audit the images of a table with the recipe's settings."""
    cache = cache_folder(recipe)
    with console.bar("measuring all images", len(table.train) + len(table.test)) as advance:
        settings = AuditSettings.of(recipe, _backbone(recipe, cache))
        return run_audit(table, settings, cache, Decoding(progress=lambda done: advance(done, "")))


def write_audit(
    found: Audit, recipe: Recipe, folder: Path, page: str = PAGE, review: ReviewTarget | None = None
) -> None:
    """Write `findings.json`, `traits.parquet` and, where the recipe enables it, the page, on which labels are reviewed.

    With `audit.detail=copies` there are no traits and pictures: those of an earlier audit are deleted.
    """
    write_findings(folder / "findings.json", found)
    if recipe.audit.detail == "copies":
        for stale in (folder / "traits.parquet", folder / page):
            delete_file(stale)
        return
    write_traits(folder / "traits.parquet", found)
    if recipe.audit.html:
        write_audit_page(folder / page, found, recipe.audit, untested=why_untested(recipe), review=review)


def check_external_images(table: Table, recipe: Recipe) -> None:
    """Check the recipe's external images against the table, and log the result.

    Raises:
        UserError: one of them is a copy of a test image.
    """
    if not recipe.audit.external:
        return
    paths = [Path(path) for path in recipe.audit.external]
    check = check_external(table, paths, AuditSettings.of(recipe), cache_folder(recipe))
    for note in check.notes:
        log.info(note)
    if not check.overlaps:
        log.info(f"{counted(check.images, 'external image')}: none is a copy of a test or training image")
    for path, reason in check.unreadable.items():
        log.info(f"external image not compared: {path}: {reason}")


def log_audit(found: Audit, folder: Path, page: str = PAGE) -> None:
    """Log a short summary: copies first, then unreadable images, drift and notes."""
    groups = found.copies.groups
    log.info(f"near-duplicates: {counted(len(groups), 'group')} of {counted(sum(map(len, groups)), 'image')}")
    log.info(found.crossing.summary)
    broken = sum(map(len, found.unreadable.values()))
    if broken:
        log.info(f"{counted(broken, 'image')} cannot be read")
    if damaged := sum(map(len, found.damaged.values())):
        log.info(f"{counted(damaged, 'image is', 'images are')} damaged; what can be decoded of them is used")
    separating = list(found.drift.typical)
    for name in separating[:LOGGED_TRAITS]:
        log.info(f"test against training: {drift_sentence(name, found.drift.traits[name])}")
    if len(separating) > LOGGED_TRAITS:
        log.info(f"test against training: {len(separating) - LOGGED_TRAITS} more traits differ")
    for note in found.notes:
        log.info(f"note: {note}")
    if (folder / page).is_file():
        log.info(f"pictures: {folder / page}")
    log.info(f"all findings: {folder / 'findings.json'}")


def _backbone(recipe: Recipe, cache: Path) -> Backbone:
    """Return the recipe's backbone and the normalisation of its weights, which is cached: only timm knows it."""
    model = at_any_fold(recipe).model
    weights = Path(model.weights).expanduser() if model.weights else None
    stamp = [weights.stat().st_size, weights.stat().st_mtime_ns] if weights and weights.is_file() else None
    key = digest(importlib.metadata.version("timm"), model.backbone, model.mean, model.std, model.weights, stamp)
    known = cache / f"normalisation-{key}.json"
    found = _read_known(known)
    if found is None:
        from sketchfit.models.backbone import expected_normalisation  # timm and torch take seconds to import

        expects = expected_normalisation(model)
        write_json(known, found := {"mean": expects.mean, "std": expects.std})
    return Backbone(model.backbone, PixelStatistics(tuple(found["mean"]), tuple(found["std"])))


def _read_known(path: Path) -> dict[str, Any] | None:
    """Return the normalisation in the cache; None where it is missing or damaged."""
    try:
        found = read_json(path)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"mean", "std"} <= found.keys() else None
