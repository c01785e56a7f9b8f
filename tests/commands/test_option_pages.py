"""The pages of docs/options have every setting, and are those of the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from sketchfit.commands.option_pages import pages, write_pages
from sketchfit.config.problems import setting_names
from sketchfit.config.scope import settings

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "options"


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return pages()


def test_the_pages_are_not_stale(texts):
    stored = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert sorted(stored) == sorted(texts), "a page more or less: sketchfit options --markdown docs/options"
    assert [name for name in texts if stored[name] != texts[name]] == [], "sketchfit options --markdown docs/options"


def test_every_setting_is_once_on_the_page_of_its_section_and_explained(texts):
    fields = {setting.key: setting.field for setting in settings()}
    assert set(fields) <= set(setting_names())
    for key, field in fields.items():
        section = key.partition(".")[0] if "." in key else "index"
        assert texts[f"{section}.md"].count(f"### `{key}`\n") == 1, key
        assert field.description, key


@pytest.mark.parametrize(
    ("key", "facts"),
    [
        ("optimizer.lr", "number > 0 · default `0.001` · per member · changes the training"),
        ("averaging.soup_size", "integer ≥ 2 and ≤ 20 · default `3` · per member · changes the training"),
        ("training.clip_grad", "number > 0 or null · default null · per member · changes the training"),
        ("averaging.soup", "`none`, `uniform`, `greedy` · default `none` · per member · changes the training"),
        ("training.resize[…].until", "integer or number · required · per member · changes the training"),
        ("ensemble.greedy_bags", "integer ≥ 1 · default `10` · per run · changes the results"),
        ("report.gallery", "integer ≥ 0 and ≤ 2000 · default `150` · per run · changes no result"),
    ],
)
def test_type_default_and_scope_are_below_the_name(texts, key, facts):
    page = texts[f"{key.partition('.')[0]}.md"]
    assert page.partition(f"### `{key}`\n\n")[2].partition("\n")[0] == f"<small>{facts}</small>"


def test_no_default_is_a_word_of_the_library(texts):
    assert "Undefined" not in "".join(texts.values())


def test_pages_are_written_into_a_new_folder(tmp_path, texts):
    assert write_pages(tmp_path / "a" / "b") == list(texts)
    assert {path.name for path in (tmp_path / "a" / "b").iterdir()} == set(texts)
