from __future__ import annotations

import argparse
import pickle
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from sketchfit.errors import UserError
from sketchfit.models.checkpoint import strip_prefixes
from sketchfit.models.plain_pickle import SAFE
from sketchfit.models.weights import read_weights

STATE = {"conv.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}


def same(state: dict[str, torch.Tensor], other: dict[str, torch.Tensor] = STATE) -> bool:
    return state.keys() == other.keys() and all(torch.equal(state[name], other[name]) for name in state)


def prefixed(prefix: str) -> dict[str, torch.Tensor]:
    return {prefix + name: value for name, value in STATE.items()}


@pytest.mark.parametrize("prefix", ["", "model.", "module.", "module.model.", "_orig_mod.module.", "backbone."])
def test_both_formats_with_any_wrapper(tmp_path: Path, prefix: str) -> None:
    save_file(prefixed(prefix), tmp_path / "w.safetensors", {"mean": "0.5"})
    state, metadata = read_weights(tmp_path / "w.safetensors")
    assert same(state)
    assert metadata == {"mean": "0.5"}
    torch.save(prefixed(prefix), tmp_path / "w.pth")
    state, metadata = read_weights(tmp_path / "w.pth")
    assert same(state)
    assert metadata == {}


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"state_dict": prefixed("model."), "epoch": 3},
        {"model": STATE, "optimizer": {"lr": 0.1}},
        {"model": {"state_dict": STATE}},
        {"state_dict": {"conv.weight": torch.zeros(2, 3), "fc.bias": torch.zeros(2)}, "state_dict_ema": STATE},
        {**STATE, "epoch": 3},
        {"model_state": prefixed("module._orig_mod."), "args": argparse.Namespace(lr=0.1, out=Path("x"))},
        {"model_ema": {"module": STATE, "decay": 0.9}, "model": {name: 0 * value for name, value in STATE.items()}},
        {"n_averaged": torch.tensor(3), **prefixed("module.")},
        {"my_net": STATE, "optimizer": {"momentum": torch.ones(2)}},
        {"state_dict": STATE, "metric": np.float64(0.5), "history": np.arange(3), "epoch": 2},
        prefixed("_fsdp_wrapped_module."),
    ],
    ids=["lightning", "plain", "nested", "averaged", "mixed", "args", "ema", "swa", "other", "numpy", "fsdp"],
)
def test_checkpoints_of_training_scripts(tmp_path: Path, checkpoint: dict[str, Any]) -> None:
    torch.save(checkpoint, tmp_path / "c.ckpt")
    assert same(read_weights(tmp_path / "c.ckpt")[0])


class _Runs:
    """An object whose unpickling calls a function."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    torch.save({"state_dict": STATE, "extra": _Runs(ran)}, tmp_path / "a.pth")
    (tmp_path / "b.pth").write_bytes(pickle.dumps({"state_dict": _Runs(ran)}))
    for name in ("a.pth", "b.pth"):
        with pytest.raises(UserError, match="cannot be read as plain weights") as caught:
            read_weights(tmp_path / name)
        assert "refused" in caught.value.hint
    assert not ran.exists()
    with (tmp_path / "b.pth").open("rb") as file:
        pickle.load(file)
    assert ran.exists()  # the file would have done it


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("w.safetensors", b"", "not a complete safetensors file"),
        ("w.safetensors", b"\x10\x00\x00\x00\x00\x00\x00\x00{}", "not a complete safetensors file"),
        ("w.pth", b"", "cannot be read as plain weights"),
        ("w.pth", b"<html></html>", "cannot be read as plain weights"),
    ],
)
def test_files_that_are_no_weights(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=expected):
        read_weights(tmp_path / name)


def test_half_a_safetensors_file(tmp_path: Path) -> None:
    save_file({"w": torch.zeros(1000)}, tmp_path / "w.safetensors")
    content = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "w.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="not a complete safetensors file"):
        read_weights(tmp_path / "w.safetensors")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"state_dict": {}}, [1, 2], 5])
def test_checkpoints_without_tensors(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(UserError, match="has no tensors"):
        read_weights(tmp_path / "w.pth")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.pth does not exist"):
        read_weights(tmp_path / "gone.pth")


def test_a_prefix_that_not_all_share_stays() -> None:
    state = {"model.a": torch.zeros(1), "b": torch.zeros(1)}
    assert strip_prefixes(state).keys() == state.keys()
    assert strip_prefixes({}) == {}


def test_names_next_to_the_network_stay() -> None:
    state = {**prefixed("model."), "criterion.weight": torch.zeros(1)}
    assert strip_prefixes(state).keys() == {*STATE, "criterion.weight"}


def test_an_old_torch_reads_no_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(STATE, tmp_path / "w.pth")
    save_file(STATE, tmp_path / "w.safetensors")
    for version in ("2.5.1+cu121", "2.4.0"):
        monkeypatch.setattr(torch, "__version__", version)
        with pytest.raises(UserError, match="CVE-2025-32434"):
            read_weights(tmp_path / "w.pth")
        assert same(read_weights(tmp_path / "w.safetensors")[0])
    for version in ("2.6.0", "2.10.0", "3.0"):
        monkeypatch.setattr(torch, "__version__", version)
        assert same(read_weights(tmp_path / "w.pth")[0])


def test_the_dependency_is_a_torch_that_runs_no_code_of_checkpoints() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    (bound,) = [
        one.removeprefix("torch>=") for one in project["optional-dependencies"]["train"] if one.startswith("torch>=")
    ]
    assert tuple(map(int, bound.split("."))) >= SAFE
