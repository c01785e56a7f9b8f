"""Disk space that a run will need, compared with what its file systems have."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.data.stores import cache_folder, is_stored, store_settings
from sketchfit.data.table import Table
from sketchfit.disk import existing_folder
from sketchfit.errors import Problems
from sketchfit.inference.tta import parse_views
from sketchfit.stages.array_memory import ArrayMemory
from sketchfit.stages.resources import PlannedNetwork
from sketchfit.training.map_cache import MOST_BYTES
from sketchfit.training.trial import Trial
from sketchfit.wording import size_text

CHECKPOINTS = 3
"""Of one training at the same time: two that are kept, and one that is being written."""

HALF = 2
"""Bytes of a number in float16."""

MEASURED = 15_000
"""Bytes of the measurements of an image: its signature, twice while they are written, and its thumbnail."""

SPARE = 200_000_000
"""Bytes that should be left for reports, logs and other processes."""

ADVICE = (
    "Free some space (`sketchfit cache clear` deletes image stores and features), or choose another place with --out "
    "and --set data.cache=FOLDER."
)


@dataclass(frozen=True)
class Need:
    """Files that will be written.

    Attributes:
        folder: an existing folder on their file system.
        what: they are.
        least: bytes that are certainly needed.
        most: bytes that may be needed.
    """

    folder: Path
    what: str
    least: int
    most: int


@dataclass(frozen=True)
class DiskSpace:
    """What a run needs.

    Attributes:
        size: bytes of all files, at least.
        notes: file systems that may become full.
    """

    size: int
    notes: tuple[str, ...] = ()


def check_disk(
    networks: Sequence[PlannedNetwork],
    trials: Mapping[str, Trial],
    table: Table,
    problems: Problems,
    arrays: ArrayMemory | None = None,
) -> DiskSpace:
    """Compare what stores and networks need with the free space of their file systems.

    Args:
        networks: that will be trained.
        trials: by the name of the network.
        table: checked tables.
        problems: found so far.
        arrays: probabilities that do not fit into memory; None: all do.
    """
    tried = [(one, trials[one.name]) for one in networks if one.name in trials]
    needs = [
        *store_needs(networks, table),
        *_audit_needs(networks, table),
        *_cache_needs(tried, table),
        *_network_needs(tried, table),
    ]
    if arrays is not None and arrays.in_files:
        folder = existing_folder(networks[0].folder)
        needs.append(Need(folder, "arrays that memory has no space for", arrays.least, arrays.in_files))
    return check_space(needs, problems)


def check_space(needs: Sequence[Need], problems: Problems) -> DiskSpace:
    """Refuse what cannot fit, with figures, and note what may not; needs of one file system are added."""
    notes: list[str] = []
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        by_device.setdefault(need.folder.stat().st_dev, []).append(need)
    for there in by_device.values():
        folder, usage = there[0].folder, shutil.disk_usage(there[0].folder)
        if not usage.total:  # some file systems do not know
            continue
        free = usage.free
        least, most = sum(one.least for one in there), sum(one.most for one in there)
        if least > free:
            problems.add(
                f"about {size_text(least)} are needed at {folder} ({_parts(there)}), and {size_text(free)} are free: "
                f"{size_text(least - free)} too little",
                ADVICE,
            )
        elif most and most + SPARE > free:
            notes.append(
                f"note: up to {size_text(most)} are needed at {folder} ({_parts(there)}), and only {size_text(free)} "
                "are free"
            )
    for path in dict.fromkeys(need.folder for need in needs if need.least):
        if not os.access(path, os.W_OK | os.X_OK):
            problems.add(f"{path} cannot be written", "Choose another place with --out or --set data.cache=FOLDER.")
    return DiskSpace(sum(need.least for need in needs), tuple(notes))


def _parts(needs: Sequence[Need]) -> str:
    sizes: dict[str, int] = {}
    for need in needs:
        sizes[need.what] = sizes.get(need.what, 0) + (need.least or need.most)
    return ", ".join(f"{what} {size_text(size)}" for what, size in sizes.items() if size)


def store_needs(networks: Sequence[PlannedNetwork], table: Table) -> Iterator[Need]:
    """Yield each image store that is not there.

    Where the channels are not known, it is grey at least. A store with a coloured image takes an array of three
    channels next to the grey one until it is complete.
    """
    for cache, settings in dict.fromkeys((cache_folder(one.recipe), store_settings(one.recipe)) for one in networks):
        for split in (table.train, table.test):
            if not is_stored(cache, settings, len(split)):
                grey = len(split) * settings.size**2
                least, most = (1, 4) if settings.channels == "auto" else (settings.channels, settings.channels)
                yield Need(existing_folder(cache), "image stores", least * grey, most * grey)


def _audit_needs(networks: Sequence[PlannedNetwork], table: Table) -> Iterator[Need]:
    """Yield the measurements of the audit, where they may be missing in the cache."""
    for cache in dict.fromkeys(cache_folder(one.recipe) for one in networks if one.recipe.audit.enabled):
        rows = len(table.train) + len(table.test)
        yield Need(existing_folder(cache), "measurements of the audit", 0, MEASURED * rows)


def _cache_needs(tried: Sequence[tuple[PlannedNetwork, Trial]], table: Table) -> Iterator[Need]:
    """Yield frozen features and outputs of frozen stages. Where there is no space, they are computed again and again.

    They are shared by all folds.
    """
    for one, trial in tried:
        folder, cached = existing_folder(cache_folder(one.recipe)), trial.cached
        yield Need(folder, "frozen features", 0, HALF * cached.features * (len(table.train) + len(table.test)))
        yield Need(folder, "outputs of frozen stages", 0, min(MOST_BYTES, HALF * cached.maps * len(table.train)))


def _network_needs(tried: Sequence[tuple[PlannedNetwork, Trial]], table: Table) -> Iterator[Need]:
    """Yield each kind of network, with weights and probabilities; and the largest checkpoints of one training."""
    for one, trial in tried:
        probabilities = 4 * table.class_count * (len(table.train) + one.trainings * len(table.test))
        kept = one.trainings * trial.weights + probabilities
        yield Need(existing_folder(one.folder), "networks", kept, kept)
        combined = 4 * table.class_count * (len(table.train) + len(table.test))
        views = len(parse_views(one.recipe.inference.views)) - 1
        yield Need(existing_folder(one.folder), "views and the ensemble", 0, combined + views * probabilities)
    if tried:  # one training after the other, and its checkpoints are deleted when it is finished
        one, trial = max(tried, key=lambda pair: pair[1].checkpoint)
        yield Need(existing_folder(one.folder), "checkpoints", trial.checkpoint, CHECKPOINTS * trial.checkpoint)
