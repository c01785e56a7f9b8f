"""Pages: jinja templates of this package with style and script inside, so that one file is a whole page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from sketchfit.inference.intervals import Difference, Estimate
from sketchfit.tracking.console import duration


def render(template: str, **context: Any) -> str:
    """Render a template, `templates/<template>.html.j2`, with style sheet and common script inside.

    Args:
        template: its name.
        context: what it shows; text is escaped, `Markup` is not.
    """
    environment = Environment(
        loader=FunctionLoader(_source), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        percent=_percent,
        points=_points,
        interval=_interval,
        signed=_signed,
        duration=duration,
        svg=Markup,
        number=_number,
    )
    return environment.get_template(f"{template}.html.j2").render(
        style=Markup(_source("style.css")), common=Markup(_source("common.js")), asset=_asset, **context
    )


def embedded_json(value: Any) -> Markup:
    """JSON that can stand inside a script element, whatever the texts in it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028"))


def flat_settings(recipe: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """(key with dots, value) of every setting of a recipe."""
    found: list[tuple[str, str]] = []
    for key, value in recipe.items():
        if isinstance(value, Mapping) and value:
            found += flat_settings(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", json.dumps(value, ensure_ascii=False)))
    return found


def _asset(name: str) -> Markup:
    return Markup(_source(name))


def _source(name: str) -> str:
    return (files("sketchfit.reporting") / "templates" / name).read_text(encoding="utf-8")


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _percent(value: float) -> str:
    return "–" if np.isnan(value) else f"{100 * value:.1f} %"


def _number(value: float) -> str:
    return f"{value:.3g}"


def _points(change: Difference) -> str:
    return f"{100 * change.value:+.1f}"


def _signed(change: Difference) -> str:
    return f"{100 * change.low:+.1f} to {100 * change.high:+.1f}"


def _interval(estimate: Estimate, unit: str = "percent") -> str:
    if unit == "percent":
        return f"{100 * estimate.low:.1f}–{100 * estimate.high:.1f}"
    return f"{estimate.low:.3f}–{estimate.high:.3f}"
