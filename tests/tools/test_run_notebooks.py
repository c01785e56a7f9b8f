"""Notebooks: what is stored, and what is reported of a cell that fails."""

import json
from pathlib import Path

import pytest

from tools.run_notebooks import run_notebook

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
