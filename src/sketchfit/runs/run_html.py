"""What a notebook shows of a run."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sketchfit.runs.run import Run


def run_html(run: Run) -> str:
    """Return a table of facts about a run, HTML; texts are escaped, and facts that are not there are left out."""
    claim, steps = run.claim, run.steps
    facts = {
        "kind": run.kind or "nothing trained yet",
        "rows": ", ".join(f"{count:,} {split}" for split, count in run.state.rows.items()),
        "classes": f"{run.table.class_count:,}",
        "members": ", ".join(f"{name} ({recipe.model.backbone})" for name, recipe in run.members.items()),
        "out of fold": str(steps[-1].top1) if steps else "",
        "claim for the test set": str(claim.expected) if claim else "",
    }
    lines = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
        for name, text in facts.items()
        if text
    )
    return f"<b>sketchfit run {html.escape(str(run.path))}</b><table>{lines}</table>"
