"""The model card: what a network is for, how accurate it is, what it was trained on, and its licence."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, Template

from sketchfit.candidates.licences import hub_fields, is_non_commercial
from sketchfit.commands.card_facts import CardFacts, TrainingFacts
from sketchfit.runs.artefacts.claims import ClaimRecord, percent
from sketchfit.runs.estimates import Estimate
from sketchfit.runs.run import Run
from sketchfit.version import version

SOURCES = {
    "student": "distilled from all networks of the run",
    "refit": "trained on all training drawings",
    "soup": "the average of the weights of the folds' networks",
    "fold": "trained on the training part of one fold",
}
"""What each source of a network means."""

FITTING = {
    "pad": "padded to a square with the colour of its paper",
    "stretch": "stretched to a square",
    "crop": "cropped to a square in its middle",
    "ink": "cropped to its ink with a margin, and padded to a square",
}
"""What `data.resize` does."""

MOST_NAMES = 60
"""Classes that the card names."""


def model_card(run: Run, facts: CardFacts) -> str:
    """Return the text of `README.md`: a header for the Hugging Face hub, and sections for people.

    It has counts and class names, and neither names of training images nor paths.

    Args:
        run: that trained the network.
        facts: of the network as it is published.
    """
    training = TrainingFacts.of(run)
    header = yaml.safe_dump(_header(facts), sort_keys=False, allow_unicode=True, width=10_000)
    body = _template().render(
        facts=facts,
        training=training,
        accuracy=_accuracy_rows(facts),
        single=_single(run.claim),
        source=SOURCES[facts.network.source],
        fitting=FITTING[facts.preprocessing.resize],
        shown=facts.names[:MOST_NAMES],
        more=len(facts.names) - MOST_NAMES,
        non_commercial=is_non_commercial(facts.licence) or is_non_commercial(facts.network.licence),
        version=facts.made_by or version(),
    )
    return f"---\n{header}---\n{body}"


def plain(text: object) -> str:
    r"""Return a text that Markdown shows as it is, in one line.

    >>> plain("class <1> | a_b")
    'class \\<1\\> \\| a\\_b'
    """
    return re.sub(r"([\\`*_\[\]<>#|&~$])", r"\\\1", " ".join(str(text).split()))


def _header(facts: CardFacts) -> dict[str, Any]:
    """Return the fields that the hub reads."""
    fields: dict[str, Any] = hub_fields(facts.licence)
    if facts.timm:
        fields["library_name"] = "timm"
    fields["pipeline_tag"] = "image-classification"
    tags = {"timm": facts.timm, "onnx": facts.onnx, "sketchfit": True, "drawings": True}
    fields["tags"] = ["image-classification", *(tag for tag, has in tags.items() if has)]
    if facts.accuracy.network is not None:
        title = " ".join(facts.title.split())
        fields["model-index"] = [{"name": title, "results": [_result(facts.accuracy.network)]}]
    return fields


def _result(accuracy: Estimate) -> dict[str, Any]:
    """Return the accuracy in the hub's form."""
    return {
        "task": {"type": "image-classification"},
        "dataset": {"name": "training drawings, out of fold", "type": "imagefolder"},
        "metrics": [{"type": "accuracy", "value": round(accuracy.value, 4), "name": f"top-1, n = {accuracy.n}"}],
    }


def _accuracy_rows(facts: CardFacts) -> list[tuple[str, str, str]]:
    """Return what was measured, the figure and n, of each figure that is known."""
    known = facts.accuracy
    named = [
        (f"this network ({known.measured_on})" if known.measured_on else "this network", known.network),
        ("the complete run on these drawings, each by the networks that did not learn from it", known.ensemble),
        ("all networks of the run together on its test drawings, as it claims", known.claim),
        ("the same, estimated without labels", known.without_labels),
    ]
    rows = [(what, percent(one), f"{one.n:,}") for what, one in named if one is not None]
    if (less := known.difference) is not None and (less.low, less.high) != (0, 0):
        what = "this network minus the complete run, on the same drawings"
        rows.append((what, less.points, f"{less.n:,}"))
    return rows


def _single(claim: ClaimRecord | None) -> str:
    """Return in words how much less than all networks one network knows; empty where it was not measured."""
    if claim is None:
        return ""
    low, high = (100 * (claim.single + sign * 1.96 * claim.single_error) for sign in (-1, 1))
    interval = f"{100 * claim.single:.1f} % ({max(low, 0):.1f}–{min(high, 100):.1f})"
    gain = f"{100 * claim.averaging:+.1f} points"
    return (
        f"One network on new drawings: {interval}, estimated. To average all networks of the run adds {gain} to that."
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["plain"] = plain
    text = (files("sketchfit.commands") / "model_card.md.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
