"""A bundle in a few lines: which network, how accurate it is next to the run's answer, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from sketchfit.bundle.manifest import COMPLETE, BundleManifest, Source
from sketchfit.runs.artefacts.claims import percent
from sketchfit.runs.estimates import Difference
from sketchfit.wording import counted, size_text

SOURCES: dict[Source, str] = {
    "student": "the distilled student",
    "refit": "trained on all rows",
    "soup": "the mean of the weights of the folds' networks",
    "fold": "the network of one fold",
}


def summary(manifest: BundleManifest) -> Iterator[str]:
    """Yield the lines."""
    network, preprocessing = manifest.network, manifest.preprocessing
    yield (
        f"network: {network.name}, {SOURCES[network.source]}: {network.architecture} at {preprocessing.size} px, "
        f"{network.parameters / 1e6:.1f} M parameters"
    )
    yield from _accuracy(manifest)
    yield from _cost(manifest)
    yield f"files: {', '.join(f'{name} ({size_text(facts.bytes)})' for name, facts in manifest.files.items())}"
    yield from (f"{name}: {facts.what}" for name, facts in manifest.files.items() if "int8" in name)


def _accuracy(manifest: BundleManifest) -> Iterator[str]:
    known = manifest.accuracy
    if known.network is None:
        yield f"accuracy: {known.measured_on}"
        return
    yield f"accuracy: {percent(known.network)} on {known.measured_on}"
    if known.ensemble is not None:
        yield f"the complete run: {percent(known.ensemble)} out of fold{_compared(known.difference)}"
    if known.claim is not None:
        lacking = f", of which averaging networks is {100 * known.averaging:+.1f} points: this one alone lacks them"
        yield f"the run claims {percent(known.claim)} for new rows{lacking if known.averaging else ''}"
    if known.alarm:
        yield "WARNING: the test rows of the run disagree with its claim, see its report"


def _cost(manifest: BundleManifest) -> Iterator[str]:
    if (cost := manifest.cost) is None:
        return
    passes = "1 forward pass" if cost.passes == 1 else f"{cost.passes:,} forward passes"
    own = f"; the complete run takes {passes} of {counted(cost.networks, 'network')}" if cost.networks else ""
    yield (
        f"cost: {size_text(manifest.files[COMPLETE].bytes)}, {cost.ms_per_image:.1f} ms per image with "
        f"{counted(cost.threads, 'thread')}{own}"
    )


def _compared(difference: Difference | None) -> str:
    """Return how a network compares with the run's answer on the same rows."""
    if difference is None:
        return ""
    if difference.low == difference.high == 0:
        return ", where one network predicts each row: the same"
    return f"; this network on the same rows {difference}"
