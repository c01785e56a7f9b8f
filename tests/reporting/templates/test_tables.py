"""Tables that are sorted by a click on the head of a column."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from sketchfit.reporting.comparing.costs import RunCost
from sketchfit.reporting.comparing.page import ComparedRun, comparison_page
from sketchfit.reporting.comparing.paired import PairedRuns
from sketchfit.reporting.scout_page import scout_page
from sketchfit.reporting.site.page_facts import page_facts
from tests.reporting.comparing.by_hand import by_hand
from tests.stages.scout.made import make_figures, make_record

SCRIPTS = "".join(
    (files("sketchfit.reporting") / "templates" / "scripts" / f"{name}.js").read_text(encoding="utf-8")
    for name in ("common", "tables")
)


@pytest.mark.parametrize(
    ("cells", "ascending"),
    [
        ([' data-v="3">3 s', ' data-v="">–', ' data-v="0">0 s', ' data-v="10">10 s'], ["0 s", "3 s", "10 s", "–"]),
        ([">b", ">", ">a", ">B 2", ">B 10"], ["a", "b", "B 2", "B 10", ""]),
        ([">–", ">12", ">–", ">9"], ["9", "12", "–", "–"]),
    ],
)
def test_unknown_values_come_last_in_both_directions(
    shared_browser: Any, tmp_path: Path, cells: list[str], ascending: list[str]
) -> None:
    body = "".join(f"<tr><td{cell}</td></tr>" for cell in cells)
    table = f'<table class="sortable"><thead><tr><th>n</th></tr></thead><tbody>{body}</tbody></table>'
    path = tmp_path / "page.html"
    path.write_text(f"<!doctype html><meta charset=utf-8>{table}<script>{SCRIPTS}</script>", encoding="utf-8")
    shared_browser.get(path.as_uri())
    unknown = [text for text in ascending if text in {"", "–"}]
    known = ascending[: len(ascending) - len(unknown)]
    for wanted in (known, known[::-1]):
        shared_browser.execute_script("document.querySelector('th button').click()")
        texts = "return [...document.querySelectorAll('td')].map((one) => one.textContent)"
        assert shared_browser.execute_script(texts) == wanted + unknown


def test_unknown_times_have_no_value_to_sort_by() -> None:
    options = (make_figures(), make_figures("two at 64 px", None, train_seconds=None, ms_per_image=None))
    runs = by_hand("1100", "1010", names=("a", "b"))
    costs = (RunCost(1, None, None), RunCost(1, 60.0, 5.0))
    facts = [ComparedRun("runs", "resnet18", None, cost) for cost in costs]
    compared = comparison_page(PairedRuns.of(runs), 0, facts, [], page_facts("compare", {}))
    for page in (scout_page(make_record(options)), compared):
        cells = re.findall(r'<td[^>]* data-v="([^"]*)"[^>]*>([^<]*)</td>', page)
        assert any(text == "–" for _, text in cells)
        assert all((value == "") == (text == "–") for value, text in cells)
