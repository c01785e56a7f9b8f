"""Pages about a run that are stored outside its folder."""

from __future__ import annotations

from typing import Literal

from sketchfit.runs.artefact import Artefact, ArtefactPart

LinkedKind = Literal["comparison", "ablation", "scout", "search", "bundle"]


class LinkedPage(ArtefactPart):
    """A page, or a folder, about a run.

    Attributes:
        kind: what it is.
        title: its heading.
        place: its path, relative to the folder of the run where that is possible.
    """

    kind: LinkedKind
    title: str
    place: str


class LinkedPages(Artefact):
    """All of them, the oldest first."""

    PLACE = "pages.json"
    pages: tuple[LinkedPage, ...] = ()
