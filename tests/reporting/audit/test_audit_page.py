"""The page: whole, self-contained, safe, and within its size."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from sketchfit.audit import run_audit
from sketchfit.config.audit import AuditSection
from sketchfit.reporting.audit.audit_page import write_audit_page
from sketchfit.reporting.audit.contact_sheets import sheet
from sketchfit.reporting.kit.histograms import counts, distributions, short
from tests.audit.audit_sets import jpeg, make_table, png, scribble


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
    audit = run_audit(table, section or AuditSection(), tmp_path / "cache")
    write_audit_page(tmp_path / "index.html", audit, section)
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_tags_close_and_nothing_is_loaded(tmp_path: Path) -> None:
    reader = Reader()
    text = page(tmp_path)
    reader.feed(text)
    assert reader.open == []
    for tag, attributes in reader.tags:
        assert tag not in {"link", "iframe", "object", "base"}
        if "src" in attributes:
            assert (attributes["src"] or "").startswith("data:image/")
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("#")
    assert re.findall(r"url\((?!data:image/)", text) == []
    assert "http" not in re.sub(r"http-equiv|data:[^)\"]+", "", text)
    targets = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    links = {(attributes["href"] or "")[1:] for _, attributes in reader.tags if "href" in attributes}
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
    assert "No contact sheets" in page(tmp_path / "none", AuditSection(page_images=0))


def test_a_sheet_holds_its_pictures_in_order() -> None:
    shades = [jpeg(np.full((30, 30), 20 * k, np.uint8), 100) for k in range(12)]
    shades[3] = b""
    made = sheet(shades, list(range(12)), most=40, cell=16)
    assert (made.columns, made.lines, made.omitted) == (10, 2, 0)
    assert made.rows == (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11)
    data = np.frombuffer(base64.b64decode(made.uri.split(",")[1]), np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert image is not None
    assert image.shape == (32, 160)
    for index, row in enumerate(made.rows):
        top, left = index // 10 * 16, index % 10 * 16
        assert float(image[top + 4 : top + 12, left + 4 : left + 12].mean()) == pytest.approx(20 * row, abs=4)
    few = sheet(shades, list(range(12)), most=3, cell=16)
    assert (few.rows, few.omitted) == ((0, 4, 8), 8)


def bar_heights(svg: str) -> list[float]:
    root = ElementTree.fromstring(svg)
    return [float(bar.attrib["height"]) for bar in root.iter("rect")]


def test_a_chart_of_few_whole_numbers_has_a_bar_each() -> None:
    heights = bar_heights(distributions(np.array([1.0] * 30 + [2.0] * 60 + [3.0] * 30), np.zeros(0), "drawings"))
    assert len(heights) == 3
    assert heights[0] == pytest.approx(heights[1] / 2, abs=0.2)
    assert heights[0] == heights[2]


@pytest.mark.parametrize(
    "values", [[], [0.0], [5.0] * 9, [1e-9, 1e9], [0.5, 0.25, 0.125], list(range(1000)), [-3.5, 2.25]]
)
def test_charts_of_anything_are_well_formed(values: list[float]) -> None:
    some = np.array(values, dtype=np.float64)
    for svg in (
        distributions(some, some, "a < b"),
        distributions(some, some[:0], ""),
        distributions(some[:0], some, ""),
    ):
        assert "nan" not in svg.lower()
        assert not svg or ElementTree.fromstring(svg).tag == "svg"


def test_class_sizes_are_counted() -> None:
    root = ElementTree.fromstring(counts(np.array([3, 3, 5]), "sizes"))
    assert [title.text for title in root.iter("title")] == ["3: 2", "5: 1"]
    assert counts(np.zeros(0, np.int64), "") == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.03123, "0.0312"), (12.345, "12.3"), (1234.5, "1,234"), (3_400_000, "3.4 M"), (1, "1")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text
