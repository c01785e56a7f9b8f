"""The files of a network's folder as bytes, which travel between a worker and the run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from sketchfit.files import atomic
from sketchfit.moving import move
from sketchfit.remains import REMAINS
from sketchfit.runs.networks import Done
from sketchfit.training.checkpoint import LAST, PREVIOUS
from sketchfit.workers.messages import Files, UnitFiles

LOG = "log.txt"
"""What a unit printed; only the run writes it."""

CHANGING = (LAST, PREVIOUS, "history.csv", "divergence.json", "teacher.npz")
"""Names of files that are sent while a training runs."""

Identity = tuple[int, int, int]


def read_files(folder: Path, *, checkpoints: bool) -> dict[str, bytes]:
    """Return the files of a network's folder and of the folders in it.

    Args:
        folder: of the network; nothing where there is none.
        checkpoints: whether those are wanted.
    """
    skipped = {LOG} if checkpoints else {LOG, LAST, PREVIOUS}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in skipped and not REMAINS.fullmatch(path.name)
    }


def write_files(folder: Path, files: Files) -> None:
    """Write files atomically into a network's folder; that it is finished is written last.

    Raises:
        ValueError: a name leads out of the folder.
    """
    for name in sorted(files, key=lambda name: (name == Done.PLACE, name)):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{name!r} is no file of a network's folder")
        with atomic(path) as temporary:
            temporary.write_bytes(files[name])


def apply_files(folder: Path, changed: UnitFiles) -> None:
    """Change a network's folder as a worker has changed its own."""
    for before, after in changed.renamed:
        if (folder / before).is_file():
            move(folder / before, folder / after)
    write_files(folder, changed.files)


@dataclass
class ChangedFiles:
    """Finds what a training has written since the last look.

    Attributes:
        folder: of the network.
    """

    folder: Path
    _known: dict[str, Identity] = field(default_factory=dict)

    def look(self) -> UnitFiles | None:
        """Return what has changed; None where nothing has."""
        renamed, files = list[tuple[str, str]](), dict[str, bytes]()
        paths = (path for name in CHANGING for path in self.folder.rglob(name))
        for path in sorted(paths, key=lambda path: (path.parent, path.name == LAST)):
            name = path.relative_to(self.folder).as_posix()
            try:
                with path.open("rb") as file:
                    found = os.fstat(file.fileno())
                    identity = found.st_ino, found.st_mtime_ns, found.st_size
                    if self._known.get(name) == identity:
                        continue
                    last = (Path(name).parent / LAST).as_posix()
                    if path.name == PREVIOUS and self._known.get(last) == identity:
                        renamed.append((last, name))
                    else:
                        files[name] = file.read()
                    self._known[name] = identity
            except FileNotFoundError:  # it was just renamed: the next look finds it
                continue
        return UnitFiles(tuple(renamed), files) if renamed or files else None

    def forget(self) -> None:
        """Take what is there for known: it came from the run."""
        self.look()
