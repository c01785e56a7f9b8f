"""The page: complete, self-contained, safe, and within its size."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from sketchfit.audit import AuditSettings, run_audit
from sketchfit.config.audit import AuditSection
from sketchfit.reporting.audit.audit_page import write_audit_page
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
