"""Pages from templates, with the style sheet and the scripts inside the file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sketchfit.files import to_json_value
from sketchfit.reporting.kit import formats
from sketchfit.reporting.kit.histograms import share_bar
from sketchfit.tracking.console import duration
from sketchfit.wording import counted

_FILTERS = (
    formats.percent,
    formats.decimals,
    formats.interval,
    formats.interval_decimals,
    formats.points,
    formats.points_interval,
    formats.gain,
    formats.minus,
    formats.signed_decimals,
    formats.signed_decimals_interval,
    formats.verdict,
    formats.higher_or_lower,
    formats.p_value,
    formats.p_statement,
    formats.thousands,
    formats.breakable,
    formats.compact,
    formats.capitalised,
    formats.together,
    formats.with_code,
    share_bar,
    counted,
    duration,
)


def render(template: str, **context: Any) -> Markup:
    """Render `reporting/templates/<template>.html.j2`.

    Args:
        template: its path without the ending, such as `report/slices`.
        context: its variables. Text is escaped; `Markup` and charts are not. A page may have `links`, its sections as
            (anchor, name), and `site`, the pages in the bar above it (see `kit.site_bar`).
    """
    return Markup(_environment().get_template(f"{template}.html.j2").render({"site": (), "links": (), **context}))


def embedded_json(value: Any) -> Markup:
    """Write JSON that is safe inside a `script` element, whatever texts it holds. NumPy values are allowed."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=to_json_value)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028"))


def flat_settings(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List nested settings as (key with dots, value as JSON)."""
    found: list[tuple[str, str]] = []
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            found += flat_settings(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", json.dumps(value, ensure_ascii=False)))
    return found


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("sketchfit.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({function.__name__: function for function in _FILTERS})
    environment.globals["asset"] = _asset
    return environment


def _asset(name: str) -> Markup:
    """A style sheet or script of `reporting/templates`, to stand inside a page."""
    return Markup((files("sketchfit.reporting") / "templates" / name).read_text(encoding="utf-8"))
