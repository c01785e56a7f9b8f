"""The history of a training: a figure of the last epoch may follow later."""

from __future__ import annotations

from sketchfit.tracking.history import fill_last, write_history


def test_a_figure_of_the_last_epoch_is_filled_in(tmp_path):
    path = tmp_path / "history.csv"
    write_history(path, [{"epoch": 1, "accuracy": None, "lr": 0.5}, {"epoch": 2, "accuracy": None, "lr": 1e-7}])
    fill_last(path, "accuracy", 0.25)
    assert path.read_text() == "epoch,accuracy,lr\n1,,0.5\n2,0.25,1e-07\n"
