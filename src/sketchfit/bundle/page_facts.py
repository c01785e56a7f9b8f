"""What a page shows of a bundle: the answer to `GET /model`, and the data of the static page."""

from __future__ import annotations

from sketchfit.bundle.manifest import COMPLETE, PREPARED, Accuracy, BundleManifest, NetworkFacts, PenInk, Preprocessing
from sketchfit.runs.artefact import ArtefactPart


class PageFacts(ArtefactPart):
    """Facts of a bundle.

    Attributes:
        run: name of the run.
        labels, names, network, accuracy, preprocessing, ink: as in the bundle's manifest.
        sets: coverages of prediction sets, ascending.
        unknown: whether drawings of unknown classes can be found.
        neighbours: whether explanations have training drawings.
        bytes: size of the bundle's graph.
        made_by: version of sketchfit.
    """

    run: str
    labels: tuple[str, ...]
    names: tuple[str, ...]
    network: NetworkFacts
    accuracy: Accuracy
    preprocessing: Preprocessing
    ink: PenInk | None
    sets: tuple[float, ...]
    unknown: bool
    neighbours: bool
    bytes: int
    made_by: str


def page_facts(manifest: BundleManifest, neighbours: bool = False) -> PageFacts:
    """Return what a page shows of a bundle; `neighbours`: whether it holds training drawings."""
    graph = manifest.files.get(COMPLETE if manifest.complete else PREPARED)
    return PageFacts(
        run=manifest.run,
        labels=manifest.labels,
        names=manifest.names,
        network=manifest.network,
        accuracy=manifest.accuracy,
        preprocessing=manifest.preprocessing,
        ink=manifest.ink,
        sets=tuple(sorted(float(coverage) for coverage in manifest.sets.thresholds)) if manifest.sets else (),
        unknown=manifest.unknown is not None,
        neighbours=neighbours,
        bytes=graph.bytes if graph else 0,
        made_by=manifest.made_by,
    )
