"""The page: complete, self-contained, safe, and within its size."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from sketchfit.auditing import Audit, AuditSettings, run_audit, write_findings
from sketchfit.auditing.drift_sentences import drift_sentence
from sketchfit.config.audit import AuditSection
from sketchfit.reporting.audit import contact_sheets
from sketchfit.reporting.audit.audit_page import write_audit_page
from sketchfit.reporting.audit.drift_cards import MOST, drift_cards
from sketchfit.reporting.audit.recipe_audit import LOGGED_TRAITS, log_audit
from sketchfit.reporting.audit.trait_cards import trait_cards
from sketchfit.runs.artefacts import AuditFindings
from tests.auditing.audit_sets import jpeg, make_table, png, scribble


class Reader(HTMLParser):
    """Tags with their attributes, and whether they close in order."""

    VOID = frozenset({"meta", "img", "input", "link", "br", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(tmp_path: Path, section: AuditSection | None = None) -> str:
    train: dict[str, tuple[int, bytes | None]] = {
        f"train/c{k % 3}/{k}.JPEG": (k % 3, jpeg(scribble(k))) for k in range(15)
    }
    train["train/c1/<b>copy&.JPEG"] = (1, jpeg(scribble(0)[:, ::-1]))
    colour = np.repeat(scribble(7)[:, :, None], 3, axis=2)
    colour[scribble(7) < 128] = (200, 30, 30)
    table = make_table(tmp_path / "data", train, {"test/0.png": png(colour), "test/bad.png": b""})
    audit = run_audit(table, AuditSettings(section or AuditSection()), tmp_path / "cache")
    write_audit_page(tmp_path / "index.html", audit, section)
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_tags_close_and_nothing_is_loaded(tmp_path: Path) -> None:
    reader = Reader()
    text = page(tmp_path)
    reader.feed(text)
    assert reader.open == []
    for tag, attributes in reader.tags:
        assert tag not in {"iframe", "object", "base"}
        if "src" in attributes:
            assert (attributes["src"] or "").startswith("data:image/")
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("data:" if tag == "link" else "#")
    assert re.findall(r"url\((?!data:image/)", text) == []
    assert "http" not in re.sub(r"http-equiv|data:[^)\"]+", "", text)
    targets = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    links = {(attributes["href"] or "")[1:] for tag, attributes in reader.tags if tag == "a"}
    assert links <= targets


def test_names_are_escaped_and_pictures_have_words(tmp_path: Path) -> None:
    text = page(tmp_path)
    assert "<b>copy" not in text
    assert "&lt;b&gt;copy&amp;.JPEG" in text
    reader = Reader()
    reader.feed(text)
    for tag, attributes in reader.tags:
        assert tag != "img" or attributes["alt"]
        assert attributes.get("role") != "img" or attributes["aria-label"]


def test_every_training_image_is_on_its_classs_sheet(tmp_path: Path) -> None:
    reader = Reader()
    reader.feed(page(tmp_path))
    titles = [attributes["title"] for tag, attributes in reader.tags if tag == "i"]
    assert len(titles) == 16
    assert len(set(titles)) == 16


def test_sheets_are_bounded(tmp_path: Path) -> None:
    reader = Reader()
    reader.feed(page(tmp_path, AuditSection(page_images=6)))
    assert sum(tag == "i" for tag, _ in reader.tags) == 6
    none = Reader()
    none.feed(page(tmp_path / "none", AuditSection(page_images=0)))
    assert not any(tag == "i" for tag, _ in none.tags)


def drifted_audit(tmp_path: Path) -> Audit:
    """Training lines are two pixels wide, test lines six."""
    kernel = np.ones((5, 5), np.uint8)
    train: dict[str, tuple[int, bytes | None]] = {
        f"train/c{k % 2}/{k}.png": (k % 2, png(scribble(k))) for k in range(24)
    }
    test = {f"test/{k}.png": png(np.asarray(cv2.erode(scribble(100 + k), kernel), np.uint8)) for k in range(22)}
    return run_audit(make_table(tmp_path / "data", train, test), AuditSettings(), tmp_path / "cache")


def test_traits_that_separate_have_a_card_with_both_ends(tmp_path: Path) -> None:
    audit = drifted_audit(tmp_path)
    cards = {card.name: card for card in drift_cards(audit)}
    assert {"line_width", "ink"} <= set(cards)
    card = cards["line_width"]
    assert card.text.startswith("test lines are wider")
    assert card.chart is not None
    assert all(picture.path.startswith("train/") and picture.uri for picture in card.train)
    assert all(picture.path.startswith("test/") and picture.label == "test" for picture in card.test)
    assert max(float(one.value) for one in card.train) < min(float(one.value) for one in card.test)
    write_audit_page(tmp_path / "index.html", audit)
    reader = Reader()
    reader.feed((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert reader.open == []
    found = [attributes["id"] for _, attributes in reader.tags if (attributes.get("id") or "").startswith("d-")]
    assert found == [f"d-{name}" for name in list(audit.drift.typical)[:MOST]]


@pytest.mark.parametrize("count", [0, 2])
def test_no_test_set_is_not_a_small_one(tmp_path: Path, count: int) -> None:
    train: dict[str, tuple[int, bytes | None]] = {
        f"train/c{k % 2}/{k}.png": (k % 2, png(scribble(k))) for k in range(24)
    }
    test = {f"test/{k}.png": png(scribble(100 + k)) for k in range(count)}
    audit = run_audit(make_table(tmp_path / "data", train, test), AuditSettings(), tmp_path / "cache")
    write_audit_page(tmp_path / "index.html", audit)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert text.count("There is no test set to compare") == 2 * (count == 0)
    assert text.count("too few training or test images") == 2 * (count > 0)


def test_p_values_that_are_corrected_are_called_so(tmp_path: Path) -> None:
    audit = drifted_audit(tmp_path)
    write_audit_page(tmp_path / "index.html", audit)
    texts = re.findall(r"<small>([^<]*KS [^<]*)</small>", (tmp_path / "index.html").read_text(encoding="utf-8"))
    assert len(texts) == len(trait_cards(audit)) - sum(one.drift is None for one in trait_cards(audit)) + len(
        drift_cards(audit)
    )
    assert all(text.endswith("(corrected)") for text in texts)


def test_findings_hold_the_figures_typed(tmp_path: Path) -> None:
    audit = drifted_audit(tmp_path)
    write_findings(tmp_path / AuditFindings.PLACE, audit)
    drift = AuditFindings.read(tmp_path).drift
    assert drift is not None
    assert list(drift.separating) == list(audit.drift.typical)
    line = drift.separating["line_width"]
    assert line.text is not None
    assert line.auc == audit.drift.traits["line_width"].auc
    assert line.typical is not None
    assert set(line.typical.train) <= set(audit.table.train.paths)
    assert set(line.typical.test) <= set(audit.table.test.paths)
    assert drift.auc_interval == (audit.drift.auc_low, audit.drift.auc_high)
    quiet = drift.traits["blank"]
    assert (quiet.separates, quiet.text, quiet.typical) == (False, None, None)


def test_the_largest_differences_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    audit = drifted_audit(tmp_path)
    with caplog.at_level("INFO"):
        log_audit(audit, tmp_path)
    lines = [line for line in caplog.messages if line.startswith("test against training:")]
    assert len(lines) == LOGGED_TRAITS + (len(audit.drift.typical) > LOGGED_TRAITS)
    first = next(iter(audit.drift.typical))
    assert drift_sentence(first, audit.drift.traits[first]) in lines[0]


def test_a_page_with_sheets_of_some_classes_states_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "evenly spaced by name" not in page(tmp_path)
    monkeypatch.setattr(contact_sheets, "MOST_BYTES", 1)
    text = page(tmp_path)
    assert "Contact sheets of 1 of the 3 classes" in text
    assert text.count('role="group" data-label') == 1


@pytest.mark.parametrize(
    ("auc", "low", "high", "shown"),
    [
        (0.52, 0.46, 0.58, "can't separate"),
        (0.62, 0.49, 0.75, "No difference of all traits together is shown"),
        (0.52, 0.40, 0.64, "No difference of all traits together is shown"),
        (0.65, 0.55, 0.75, "clearly"),
    ],
)
def test_few_images_do_not_show_that_both_are_alike(
    tmp_path: Path, auc: float, low: float, high: float, shown: str
) -> None:
    train: dict[str, tuple[int, bytes | None]] = {f"{k}.png": (k % 2, png(scribble(k))) for k in range(4)}
    table = make_table(tmp_path / "data", train, {"test/0.png": png(scribble(9))})
    audit = run_audit(table, AuditSettings(), tmp_path / "cache")
    audit = replace(audit, drift=replace(audit.drift, auc=auc, auc_low=low, auc_high=high))
    write_audit_page(tmp_path / "index.html", audit, AuditSection(page_images=0))
    text = (tmp_path / "index.html").read_text(encoding="utf-8").replace("&#39;", "'")
    assert shown in text
    assert ("can't separate" in text) is (shown == "can't separate")
