"""Notebooks: what is stored, what is reported of a cell that fails, and progress in a real kernel."""

import json
from pathlib import Path

import pytest

from tools.run_notebooks import main, run_notebook

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "docs" / "notebooks").glob("*.ipynb"))


def write(path: Path, *cells: str) -> Path:
    code = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": one, "outputs": [], "execution_count": None}
        for n, one in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_stored_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [one for one in cells if one["cell_type"] == "code"]
    assert len(code) >= 5
    assert all(one["outputs"] == [] and one["execution_count"] is None for one in code)


@pytest.mark.slow
def test_cells_run_in_a_fresh_folder_and_a_failure_is_reported(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    source = write(tmp_path / "one.ipynb", "import os\nprint(os.listdir())", "raise ValueError('no such')", "print(3)")
    failure = run_notebook(source, tmp_path / "out")
    assert "no such" in failure
    first, _, last = json.loads((tmp_path / "out" / "one.ipynb").read_text(encoding="utf-8"))["cells"]
    assert "".join(first["outputs"][0]["text"]).strip() == "[]"
    assert last["outputs"] == []


@pytest.mark.slow
def test_a_kernel_that_ends_is_reported_with_its_cell(tmp_path, monkeypatch, capsys):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    dead = write(tmp_path / "dead.ipynb", "print(1)", "import os\nos._exit(3)", "print(3)")
    well = write(tmp_path / "well.ipynb", "print(4)")
    monkeypatch.setattr("sys.argv", ["run_notebooks", str(dead), str(well), "--out", str(tmp_path / "out")])
    assert main() == 1
    first, second = capsys.readouterr().out.splitlines()
    assert "dead.ipynb" in first
    assert "cell 2" in first
    assert "well.ipynb: all cells succeeded" in second
    cells = json.loads((tmp_path / "out" / "dead" / "dead.ipynb").read_text(encoding="utf-8"))["cells"]
    assert [len(one["outputs"]) for one in cells] == [1, 0, 0]


def test_a_notebook_that_does_not_exist_is_a_mistake_in_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["run_notebooks", str(tmp_path / "gone.ipynb"), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "gone.ipynb" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_progress_is_one_output_of_a_cell_in_a_real_kernel(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    begin = (
        "import time\n"
        "from sketchfit import live\n"
        "from sketchfit.activity import activity\n"
        "live.show_activities()\n"
        "kept = activity('counting', total=3)\n"
        "advance = kept.__enter__()\n"
        "print('a text')\n"
        "advance(1, '')\n"
        "end = time.monotonic() + 60\n"
        "while '1/3' not in shown and time.monotonic() < end:\n"
        "    time.sleep(0.05)\n"
    )
    watch = (
        "import IPython.display as module\n"
        "shown, update = [], module.DisplayHandle.update\n"
        "def watched(handle, data, **options):\n"
        "    update(handle, data, **options)\n"
        "    shown.extend(data['text/plain'].split())\n"
        "module.DisplayHandle.update = watched\n"
    )
    source = write(tmp_path / "one.ipynb", watch, begin)
    assert run_notebook(source, tmp_path / "out") == ""
    cells = json.loads((tmp_path / "out" / "one.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = {one["output_type"]: one for one in cells[1]["outputs"]}
    assert set(outputs) == {"display_data", "stream"}
    assert "counting: [#######.............] 1/3" in "".join(outputs["display_data"]["data"]["text/plain"])
    assert "".join(outputs["stream"]["text"]) == "a text\n"
