"""The example of the documentation: its tables, and the pages that are copied."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tools.example_report import CREDIT, LEFT_OUT, copy_pages, write_tables


def test_every_fourth_drawing_of_a_class_is_a_test_drawing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    paths = [f"{name}/{number}.JPEG" for name in ("cat", "violin", "house") for number in range(8)] + [*LEFT_OUT]
    for path in paths:
        (data / "train" / path).parent.mkdir(parents=True, exist_ok=True)
        (data / "train" / path).write_text(path)
    names = [path.partition("/")[0] for path in paths]
    pd.DataFrame({"class_name": names, "image_path": paths, "target": 0}).to_csv(data / "train.csv", index=False)

    write_tables(data, tmp_path / "made", ("cat", "violin"))

    train, test = (pd.read_csv(tmp_path / "made" / f"{name}.csv") for name in ("train", "test"))
    kept = [f"{name}/{number}.JPEG" for name in ("cat", "violin") for number in (0, 1, 2, 4, 5, 6)]
    assert train["image_path"].tolist() == kept
    files = [(tmp_path / "made" / "test" / name).read_text() for name in test["image_path"]]
    assert files == ["cat/3.JPEG", "cat/7.JPEG", "violin/3.JPEG", "violin/7.JPEG"]
    assert {one.name for one in (tmp_path / "made" / "test").iterdir()} == set(test["image_path"])


def test_pages_are_copied_with_what_they_link_to(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "report").mkdir(parents=True)
    for name in ("report/issues.csv", "weights.safetensors", "log.txt"):
        (run / name).write_text(name)
    links = '<a href="../log.txt">log</a> <a href="issues.csv">list</a> <a href="#top">top</a> <a href="gone.csv">x</a>'
    page = f'<details class="reading"><summary>How</summary></details>{links}{tmp_path}/data<footer>by</footer>'
    (run / "report" / "index.html").write_text(page)

    copy_pages(run, tmp_path / "out", tmp_path)

    found = {str(one.relative_to(tmp_path / "out")) for one in (tmp_path / "out").rglob("*") if one.is_file()}
    assert found == {"report/index.html", "report/issues.csv", "log.txt"}
    text = (tmp_path / "out" / "report" / "index.html").read_text()
    assert '<details class="reading" open>' in text
    assert f"<footer>{CREDIT}" in text
    assert str(tmp_path) not in text
