"""Pages in a real browser: they fit the screen, load nothing, and report no error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketchfit.audit import AuditSettings, run_audit
from sketchfit.commands.compare import compare
from sketchfit.reporting.ablation import VariantResult, ablation_page, ablation_table
from sketchfit.reporting.audit.audit_page import write_audit_page
from tests.audit.audit_sets import jpeg, make_table, png, scribble

MakeRun = Callable[..., Path]


def _audit(folder: Path, _: MakeRun) -> Path:
    train: dict[str, tuple[int, bytes | None]] = {
        f"train/c{k % 3}/{k}.JPEG": (k % 3, jpeg(scribble(k))) for k in range(15)
    }
    train["train/c1/a_copy_with_quite_a_long_name_that_has_to_be_broken.JPEG"] = (1, jpeg(scribble(0)[:, ::-1]))
    table = make_table(folder / "data", train, {"test/0.png": png(scribble(1)), "test/bad.png": b""})
    write_audit_page(folder / "page.html", run_audit(table, AuditSettings(), folder / "cache"))
    return folder / "page.html"


def _comparison(folder: Path, make_run: MakeRun) -> Path:
    compare([make_run("a", 0), make_run("b", 1), make_run("c", 2)], folder / "page.html")
    return folder / "page.html"


def _ablation(folder: Path, _: MakeRun) -> Path:
    base, *variants = (
        VariantResult(name, np.random.default_rng(seed).random((2, 200)) < 0.5, 100.0)
        for seed, name in enumerate(["base", "loss=focal", "transforms.mixing={mixup_alpha: 0.2, cutmix_alpha: 1.0}"])
    )
    page = folder / "page.html"
    page.write_text(ablation_page(ablation_table(base, variants), "Ablation"), encoding="utf-8")
    return page


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("make", [_audit, _comparison, _ablation])
def test_pages_fit_the_screen_in_both_themes(
    browser: Any, make: Callable[[Path, MakeRun], Path], width: int, make_run: MakeRun, tmp_path: Path
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get(make(tmp_path, make_run).as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    colour = "return getComputedStyle(document.body).backgroundColor"
    before = browser.execute_script(colour)
    browser.execute_script("document.querySelector('#theme').click()")
    assert browser.execute_script(colour) != before
    for head in browser.find_elements("css selector", "table.sortable th button"):
        browser.execute_script("arguments[0].click()", head)
    assert browser.get_log("browser") == []


def test_a_class_of_the_audit_is_found_by_name(browser: Any, make_run: MakeRun, tmp_path: Path) -> None:
    browser.get(_audit(tmp_path, make_run).as_uri())
    browser.find_element("css selector", "#find").send_keys("c1")
    shown = browser.find_elements("css selector", "#class-list details:not([hidden])")
    assert [one.get_attribute("data-name") for one in shown] == ["c1"]
