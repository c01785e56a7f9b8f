"""Files of tensors: whatever byte changes, the same tensors and metadata come back, or the file is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from sketchfit.errors import UserError
from sketchfit.models.tensor_file import KEY, check_tensors, load_tensors, save_tensors
from sketchfit.models.weights import read_metadata, read_weights

TENSORS = {"b": torch.arange(6, dtype=torch.float32).reshape(2, 3), "a": torch.tensor([1, 2]), "e": torch.zeros(0, 4)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_tensors(tmp_path / "w.safetensors", TENSORS, {"mean": "0.5"})
    return tmp_path / "w.safetensors"


def content(path: Path) -> tuple[dict[str, list[float]], dict[str, str]]:
    tensors = {name: value.tolist() for name, value in load_tensors(path).items()}
    return tensors, read_metadata(path)


def test_tensors_and_metadata_come_back(path: Path) -> None:
    assert content(path) == ({name: value.tolist() for name, value in TENSORS.items()}, {"mean": "0.5"})
    with safe_open(path, framework="pt") as file:
        assert len(file.metadata()[KEY]) == 8
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_every_changed_byte_is_seen_or_harmless(path: Path) -> None:
    expected, raw = content(path), path.read_bytes()
    seen = 0
    for place in range(len(raw)):
        for change in (0x01, 0x80):
            changed = path.with_name(f"{place}-{change}.safetensors")
            changed.write_bytes(raw[:place] + bytes([raw[place] ^ change]) + raw[place + 1 :])
            try:
                found = content(changed)
            except UserError as error:
                seen += str(changed) in error.problems[0]
            else:  # only in the name of the checksum, without which it is a file of another program
                assert found[0] == expected[0]
                assert expected[1].items() <= found[1].items()
    assert seen > 1.8 * len(raw)


@pytest.mark.parametrize("left", [0, 7, 60, -1])
def test_a_file_that_was_cut_is_named(path: Path, left: int) -> None:
    path.write_bytes(path.read_bytes()[:left])
    for read in (check_tensors, load_tensors, read_metadata, read_weights):
        with pytest.raises(UserError, match=path.name):
            read(path)


def test_a_file_of_another_program_is_read(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "w.safetensors")
    found = load_tensors(tmp_path / "w.safetensors")
    assert np.array_equal(found["b"].numpy(), TENSORS["b"].numpy())


@pytest.mark.parametrize("header", [b"[" * 200_000, b"null", b'{"a": 1}', b"\xff"])
def test_a_header_that_is_none_is_named(tmp_path: Path, header: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(UserError, match="safetensors"):
        load_tensors(tmp_path / "w.safetensors")


def test_a_header_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "w.safetensors").open("wb") as file:
        file.write((1 << 40).to_bytes(8, "little"))
        file.truncate(1 << 36)
    with pytest.raises(UserError, match="header"):
        check_tensors(tmp_path / "w.safetensors")
