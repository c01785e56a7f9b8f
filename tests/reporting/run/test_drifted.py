"""Section on drift: what it lists, in which order, and what it is without audit, frequencies or test rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from sketchfit.reporting.evidence import read_evidence
from sketchfit.reporting.run.drifted import MOST_CLASSES, alike, drift_section, drifted_classes, drifted_traits
from sketchfit.runs.artefacts import AuditFindings, EstimatedFrequencies


def frequencies(test: list[float], half: float = 0.02, **fields: Any) -> EstimatedFrequencies:
    """Frequencies of classes that are equally frequent in training; intervals of ± `half`."""
    given = {
        "rows": 200,
        "training": tuple([1 / len(test)] * len(test)),
        "test": tuple(test),
        "low": tuple(one - half for one in test),
        "high": tuple(one + half for one in test),
        "p_value": 0.0005,
        "differs": True,
        "setting": "auto",
    }
    return EstimatedFrequencies(**(given | fields))


def trait(statistic: float, separates: bool, text: str | None, paths: tuple[str, ...] = ()) -> dict[str, Any]:
    figures = {"statistic": statistic, "p": 0.0, "p_corrected": 0.0, "auc": 0.9, "auc_low": 0.85, "auc_high": 0.95}
    return figures | {"separates": separates, "text": text, "typical": {"train": paths, "test": ("test/0.png",)}}


def write_findings(run: Path, traits: dict[str, Any]) -> None:
    drift = {"traits": traits, "auc": 0.97, "auc_interval": [0.95, 0.99]}
    AuditFindings.model_validate({"notes": [], "unreadable": {}, "drift": drift}).write(run)


def test_classes_that_differ_the_most_come_first() -> None:
    more, less = drifted_classes(frequencies([0.4, 0.26, 0.2, 0.1, 0.04]), list("abcde"))
    assert [one.name for one in more] == ["a", "b"]
    assert [one.name for one in less] == ["e", "d"]
    assert (more[0].rows, more[0].expected) == (80, 40)


def test_an_interval_that_holds_the_training_frequency_is_no_difference() -> None:
    assert drifted_classes(frequencies([0.4, 0.26, 0.2, 0.1, 0.04], half=0.25), list("abcde")) == ([], [])


def test_without_a_significant_difference_no_class_is_named() -> None:
    found = frequencies([0.4, 0.26, 0.2, 0.1, 0.04], differs=False, p_value=0.3)
    assert drifted_classes(found, list("abcde")) == ([], [])


def test_lists_are_bounded() -> None:
    test = np.where(np.arange(40) < 20, 0.04, 0.01).tolist()
    more, less = drifted_classes(frequencies(test, half=0.001), [str(k) for k in range(40)])
    assert len(more) == len(less) == MOST_CLASSES


def test_traits_and_classes_are_on_the_page(make_run: Callable[..., Path]) -> None:
    run = make_run()
    data = run.parent / "data"
    (data / "test").mkdir()
    cv2.imwrite(str(data / "test" / "0.png"), np.full((40, 40), 200, np.uint8))
    traits = {
        "ink": trait(0.9, True, "test images have more <ink>", ("train/000.png", "train/gone.png")),
        "paper": trait(0.5, True, "the paper of test images is darker"),
        "width": trait(0.1, False, None),
    }
    write_findings(run, traits)
    frequencies([0.4, 0.18, 0.16, 0.1, 0.1, 0.06]).write(run)
    evidence = read_evidence(run)
    found = drifted_traits(evidence)
    assert [one.text for one in found] == [traits["ink"]["text"], traits["paper"]["text"]]
    assert [one.path for one in found[0].train] == ["train/000.png", "train/gone.png"]
    assert all(one.uri.startswith("data:image/webp") for one in (*found[0].train, *found[0].test))
    section = drift_section(evidence)
    assert section is not None
    assert section.anchor == "drift"
    assert "Test images have more &lt;ink&gt;" in section.html
    assert section.html.index("&lt;ink&gt;") < section.html.index("darker")
    assert "differ strongly (0.97, 95 % interval 0.95 to 0.99" in section.html
    assert "larger value in 90.0 % of all pairs" in section.html
    assert "class &lt;0&gt;" in section.html
    assert "class &lt;2&gt;" not in section.html
    assert "about 80, not 33" in section.html


@pytest.mark.parametrize(
    ("auc", "low", "high", "text"),
    [
        (0.52, 0.44, 0.59, "look alike"),
        (0.52, 0.44, 0.61, "are not shown to differ, nor to be alike"),
        (0.62, 0.49, 0.75, "are not shown to differ, nor to be alike"),
        (0.58, 0.51, 0.65, "differ slightly"),
        (0.7, 0.6, 0.8, "differ clearly"),
        (0.97, 0.95, 1.0, "differ strongly"),
    ],
)
def test_traits_together_in_words(auc: float, low: float, high: float, text: str) -> None:
    assert alike(auc, (low, high)) == text
    assert not alike(None, None)


def test_no_audit_and_no_estimate_are_stated(make_run: Callable[..., Path]) -> None:
    section = drift_section(read_evidence(make_run()))
    assert section is not None
    assert "audit.enabled" in section.html
    assert "not estimated" in section.html
    assert "<table" not in section.html


@pytest.mark.parametrize(
    ("traits", "compared"),
    [({}, False), ({"width": trait(0.1, False, None)}, True), ({"width": trait(0.9, True, "other widths")}, True)],
)
def test_nothing_is_stated_about_traits_that_were_not_compared(
    make_run: Callable[..., Path], traits: dict[str, Any], compared: bool
) -> None:
    """`audit.detail=copies`, and fewer than 20 test images, give findings without traits."""
    run = make_run()
    drift = {"traits": traits, "auc": None, "auc_interval": None}
    AuditFindings.model_validate({"notes": [], "unreadable": {}, "drift": drift}).write(run)
    section = drift_section(read_evidence(run))
    assert section is not None
    assert ("not compared" in section.html) == (not compared)
    assert ("No single trait" in section.html) == (compared and not any(one["separates"] for one in traits.values()))
    assert "audit.enabled" not in section.html


def test_an_audit_of_an_older_version_has_fewer_figures(make_run: Callable[..., Path]) -> None:
    run = make_run()
    write_findings(run, {"ink": {"statistic": 0.9, "p": 0.0, "p_corrected": 0.0}})
    evidence = read_evidence(run)
    assert drifted_traits(evidence) == []
    assert drift_section(evidence) is not None


def test_without_test_rows_there_is_no_section(make_run: Callable[..., Path]) -> None:
    run = make_run()
    (run / "ensemble" / "test.npz").unlink()
    assert drift_section(read_evidence(run)) is None
