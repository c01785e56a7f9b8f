"""`sketchfit export RUN --out FOLDER`: a bundle that the run's pages link."""

from __future__ import annotations

from pathlib import Path

from sketchfit.bundle.manifest import BundleManifest
from sketchfit.commands.bundle.options import BundleOptions
from sketchfit.commands.bundle.write import write_bundle
from sketchfit.reporting.site.write_site import link_page
from sketchfit.runs.finished import open_finished


def export_bundle(
    run_folder: str | Path, out: Path, options: BundleOptions, *, partial: bool = False
) -> tuple[BundleManifest, tuple[str, ...]]:
    """Write a bundle of a run's folder; see `write_bundle`.

    Args:
        run_folder: of the run.
        out: folder of the bundle.
        options: what it is made of.
        partial: also of a run that is not finished.

    Returns:
        What the bundle is, and what the run lacks.

    Raises:
        UserError: there is no finished run; see `write_bundle` for others.
    """
    run, lacks = open_finished(run_folder, partial=partial)
    manifest = write_bundle(run, out, options)
    link_page(out, "bundle", out.name, [run.path])
    return manifest, lacks
