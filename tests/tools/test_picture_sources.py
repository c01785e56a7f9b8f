"""The pictures of the tutorials and of the page to draw on are those of the current pages."""

from __future__ import annotations

import pytest

from tools.page_sources import (
    BY_HAND,
    IMAGES,
    PAGE,
    ROOT,
    SHOWN,
    TUTORIAL_PICTURES,
    commands_of,
    digest,
    drawing_code,
    read_record,
    shown_templates,
    tutorial_sources,
    web_page,
    write_record,
)
from tools.tutorial_pictures import PICTURES


def test_a_record_keeps_what_was_written_of_other_files(tmp_path):
    write_record(tmp_path, {"report.png": "0a"})
    write_record(tmp_path, {"audit.png": "0b"})
    assert read_record(tmp_path) == {"report.png": "0a", "audit.png": "0b"}


def test_the_templates_that_are_shown_exist():
    for name in SHOWN:
        assert all(path.is_file() for path in shown_templates(name))


def test_the_picture_of_the_page_to_draw_on_shows_the_current_page():
    assert {"index.html", "style.css", "page.js"} <= {path.name for path in web_page()}
    assert read_record(IMAGES, BY_HAND)[PAGE] == digest(web_page()), (
        "take the picture again, if it looks different now; then run: python -m tools.page_sources page.png"
    )


@pytest.mark.parametrize("name", sorted(TUTORIAL_PICTURES))
def test_the_pictures_of_the_tutorials_are_of_current_pages_and_commands(name):
    assert read_record(IMAGES / "tutorials")[f"{name}.png"] == tutorial_sources(name), (
        f"run: make tutorials && python -m tools.tutorial_pictures {name}"
    )


def test_each_picture_of_a_tutorial_has_a_record_and_is_shown_there():
    assert set(TUTORIAL_PICTURES) == set(PICTURES)
    files = {path.name for path in (IMAGES / "tutorials").glob("*.png")}
    assert files == {f"{name}.png" for name in PICTURES} == set(read_record(IMAGES / "tutorials"))
    for name, page in TUTORIAL_PICTURES.items():
        text = (ROOT / "docs" / "tutorials" / f"{page}.md").read_text(encoding="utf-8")
        assert f"images/tutorials/{name}.png" in text


def test_commands_are_those_that_are_run(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\na\nb\n```\n```text\nc\n```\n```python\nd\n```\n<!-- not run: e -->\n```sh\nf\n```\n")
    assert commands_of(page) == ["a\nb\n", "d\n"]
    assert len(drawing_code()) > 5
