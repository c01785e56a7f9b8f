"""The site of a run: every link leads to a file, and the pages of other commands are linked where they may be."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import pytest

from sketchfit.api.compare import compare
from sketchfit.reporting.kit.page import render
from sketchfit.reporting.run.run_report import write_report
from sketchfit.reporting.site.overview import next_steps
from sketchfit.reporting.site.run_pages import address, run_files
from sketchfit.reporting.site.write_site import MOST_LINKED, link_page, runs_on, write_site
from sketchfit.runs.artefacts import LinkedPage, LinkedPages, ScoutRecord
from sketchfit.runs.lock import one_writer
from sketchfit.runs.run import Run
from tests.factories import make_ensemble
from tests.reporting.conftest import make_run

__all__ = ["make_run"]

MakeRun = Callable[..., Path]


def links(page: Path) -> list[Path]:
    """The files that a page links."""
    found = re.findall(r' href="([^"#]+)(?:#[^"]*)?"', page.read_text(encoding="utf-8"))
    return [(page.parent / unquote(unescape(one))).resolve() for one in found if not one.startswith("data:")]


def other_page(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render("base", title="other"), encoding="utf-8")
    return path


def test_all_pages_link_each_other(make_run: MakeRun) -> None:
    run = make_run("a run with 'quotes' & <tags> 100%")
    other_page(run / "audit" / "index.html")
    report = write_report(run)
    (run / "submission.csv").write_text("id,label\n")
    overview = write_site(Run.open(run))
    pages = {overview.resolve(), report.resolve(), (run / "audit" / "index.html").resolve()}
    for page in pages:
        assert pages <= set(links(page))
        assert all(one.is_file() for one in links(page))
        assert page.read_text(encoding="utf-8").count('aria-current="page"') == 1
    assert {(run / "submission.csv").resolve(), (run / "recipe.yaml").resolve()} <= set(links(overview))
    assert "<tags>" not in overview.read_text(encoding="utf-8")


def test_a_list_of_labels_without_lines_is_described_as_empty(make_run: MakeRun) -> None:
    run = Run.open(make_run())
    file = run.folder.report.with_name("label_issues.csv")
    file.parent.mkdir(parents=True, exist_ok=True)

    def text(content: str) -> str:
        file.write_text(content, encoding="utf-8")
        return next(one.text for one in run_files(run) if one.name == file.name)

    assert "none" in text("image_path,label\n")
    assert "none" not in text("image_path,label\na.png,cat\n")


def test_a_run_without_answers_has_an_overview(make_run: MakeRun) -> None:
    run = make_run()
    for file in (run / "ensemble").iterdir():
        file.unlink()
    text = write_site(Run.open(run)).read_text(encoding="utf-8")
    assert "Not finished" in text


def test_pages_of_other_commands_are_linked_once_and_while_they_exist(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    write_report(run)
    page = other_page(tmp_path / "pages" / "a & b.html")
    for _ in range(2):
        link_page(page, "comparison", "a <and> b", [run])
    assert links(run / "index.html").count(page.resolve()) == 2  # in the bar and in the list
    assert page.resolve() in links(run / "report" / "index.html")
    assert "a &lt;and&gt; b" in (run / "index.html").read_text(encoding="utf-8")
    link_page(other_page(tmp_path / "second.html"), "comparison", "second", [run])
    text = (run / "report" / "index.html").read_text(encoding="utf-8")
    assert "../index.html#pages" in text
    page.unlink()
    write_site(Run.open(run))
    assert page.resolve() not in links(run / "index.html")


def test_a_page_that_cannot_be_reached_is_not_linked(make_run: MakeRun) -> None:
    run = make_run()
    LinkedPages(pages=(LinkedPage(kind="comparison", title="far away", place="x" * 5000),)).write(run)
    write_site(Run.open(run))
    assert "far away" not in (run / "index.html").read_text(encoding="utf-8")


def test_a_page_that_was_written_to_a_pipe_is_not_recorded(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    write_site(Run.open(run))
    link_page(tmp_path / "fd" / "pipe:[1]", "comparison", "title", [run])
    assert not LinkedPages.exists(run)


def test_an_ensemble_of_runs_has_a_report_and_no_commands_that_need_networks(make_run: MakeRun, tmp_path: Path) -> None:
    ensemble = make_ensemble(tmp_path / "both", {name: make_run(name) for name in "ab"})
    write_report(ensemble)
    commands = [one.command.split()[1] for one in next_steps(Run.open(ensemble))]
    assert commands == ["compare", "report"]
    assert "sketchfit predict" not in (ensemble / "index.html").read_text(encoding="utf-8")


def test_the_folder_of_a_bundle_is_linked(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    write_site(Run.open(run))
    (tmp_path / "bundle").mkdir()
    link_page(tmp_path / "bundle", "bundle", "bundle", [run])
    assert (tmp_path / "bundle").resolve() in links(run / "index.html")


def test_the_number_of_linked_pages_is_bounded(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    write_site(Run.open(run))
    for number in range(MOST_LINKED + 2):
        link_page(other_page(tmp_path / f"{number}.html"), "comparison", str(number), [run])
    found = LinkedPages.read(run).pages
    assert [one.title for one in (found[0], found[-1])] == ["2", str(MOST_LINKED + 1)]
    assert len(found) == MOST_LINKED


def test_runs_without_a_site_or_in_use_are_left_unchanged(make_run: MakeRun, tmp_path: Path) -> None:
    plain, busy = make_run("plain"), make_run("busy")
    write_site(Run.open(busy))
    before = (busy / "index.html").read_bytes()
    page = other_page(tmp_path / "page.html")
    with one_writer(busy):
        link_page(page, "comparison", "title", [plain, busy])
    assert not (plain / "index.html").exists()
    assert (busy / "index.html").read_bytes() == before
    assert not LinkedPages.exists(busy)


def test_a_link_in_the_place_of_a_page_is_not_followed(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    outside = other_page(tmp_path / "outside.html")
    before = outside.read_bytes()
    (run / "audit").mkdir()
    (run / "audit" / "index.html").symlink_to(outside)
    (run / "index.html").symlink_to(outside)
    write_site(Run.open(run))
    assert outside.read_bytes() == before
    assert not (run / "index.html").is_symlink()


def test_a_comparison_is_linked_in_both_directions(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("a", 0), make_run("b", 1)]
    for run in runs:
        write_site(Run.open(run))
    page = tmp_path / "compare.html"
    compare(runs, page)
    for run in runs:
        assert page.resolve() in links(run / "index.html")
        assert (run / "index.html").resolve() in links(page)


def test_a_scout_on_the_same_data_is_linked(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run()
    for name, data in (("scout", str(tmp_path / "data")), ("another", "/other")):
        page = other_page(tmp_path / name / "scout.html")
        _scout_record(data).write(page.parent)
    write_site(Run.open(run))
    found = links(run / "index.html")
    assert (tmp_path / "scout" / "scout.html").resolve() in found
    assert (tmp_path / "another" / "scout.html").resolve() not in found
    assert (run / "index.html").resolve() in links(tmp_path / "scout" / "scout.html")


def _scout_record(data: str) -> ScoutRecord:
    facts = {"machine": "", "rows": 1, "classes": 1, "seconds": 1.0, "used": 1.0, "chosen": "", "reason": ""}
    return ScoutRecord(data=data, options=(), **facts)


def test_runs_on_the_same_table_are_found(make_run: MakeRun, tmp_path: Path) -> None:
    first, second = make_run("a"), make_run("b")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "state.json").write_text("damaged")
    assert runs_on("", tmp_path) == [first, second]
    assert runs_on("another", tmp_path) == []


@pytest.mark.parametrize(("target", "expected"), [("b.html", "b.html"), ("x/100% #1.html", "x/100%25%20%231.html")])
def test_addresses_are_relative_and_quoted(tmp_path: Path, target: str, expected: str) -> None:
    assert address(tmp_path / target, tmp_path / "a.html") == expected
