"""`tracking:` what is shown and sent while a run works."""

from __future__ import annotations

from typing import Literal

from sketchfit.config.section import Section


class TrackingSection(Section):
    """What is shown while a run works; `history.csv` is always written."""

    progress: Literal["auto", "rich", "plain", "none"] = "auto"
    """Progress on screen: live bars on a terminal, plain lines elsewhere."""
