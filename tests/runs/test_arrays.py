from __future__ import annotations

import errno
import io
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.lib.format import write_array

from sketchfit.disk import DiskError
from sketchfit.errors import UserError
from sketchfit.runs import arrays as arrays_module
from sketchfit.runs.arrays import create_npy, map_npy, parse_npz, read_npy, read_npz, write_npy, write_npz
from sketchfit.runs.probabilities import Probabilities, mean_by_row, read_probabilities, write_probabilities


@pytest.mark.parametrize("compressed", [False, True])
def test_named_arrays_come_back_bit_for_bit(tmp_path, compressed):
    path = tmp_path / "deep" / "a.npz"
    arrays = {
        "row": np.arange(5),
        "prob": np.linspace(0, 1, 6, dtype=np.float32)[::-1].reshape(2, 3),
        "s": np.array(["ü"]),
    }
    write_npz(path, arrays, compressed=compressed)
    found = read_npz(path)
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
    assert [file.name for file in path.parent.iterdir()] == ["a.npz"]


def test_arrays_come_back_from_content_that_was_read_already(tmp_path):
    path = tmp_path / "a.npz"
    write_npz(path, {"row": np.arange(5)})
    content = path.read_bytes()
    path.unlink()
    assert parse_npz(content, path)["row"].tolist() == [0, 1, 2, 3, 4]
    for damaged in (b"", content[:-10], content.replace(b"\x04", b"\x05")):
        with pytest.raises(UserError) as caught:
            parse_npz(damaged, path)
        assert str(path) in caught.value.problems[0]
    bomb = io.BytesIO()
    np.savez_compressed(bomb, a=np.zeros(1 << 26, np.uint8))
    with pytest.raises(UserError, match="expand"):
        parse_npz(bomb.getvalue(), path)


def test_a_pickled_array_is_not_written(tmp_path):
    path = tmp_path / "a.npz"
    write_npz(path, {"good": np.arange(3)})
    with pytest.raises(ValueError, match="pickle"):
        write_npz(path, {"bad": np.array([object()])})
    assert list(read_npz(path)) == ["good"]


def test_a_pickled_array_is_not_read(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, bad=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UserError) as caught:
        read_npz(path)
    assert str(path) in caught.value.problems[0]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_named(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_npz(path)
    assert str(path) in caught.value.problems[0]
    assert "Delete it" in caught.value.hint


def test_a_file_that_was_cut_is_damaged(tmp_path):
    path = tmp_path / "a.npz"
    write_npz(path, {"prob": np.ones((50, 50))})
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(UserError):
        read_npz(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError) as caught:
        read_npz(tmp_path / "a.npz")
    assert str(tmp_path / "a.npz") in caught.value.problems[0]


def test_single_arrays_are_mapped(tmp_path):
    made = create_npy(tmp_path / "m.npy", (3, 2), np.uint8)
    made[1] = 7
    made.flush()
    mapped = map_npy(tmp_path / "m.npy")
    assert isinstance(mapped, np.memmap)
    assert mapped.tolist() == [[0, 0], [7, 7], [0, 0]]
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1
    write_npy(tmp_path / "n.npy", np.array([1.5, 2.5]))
    assert read_npy(tmp_path / "n.npy").tolist() == [1.5, 2.5]


@pytest.mark.parametrize("read", [read_npy, map_npy])
def test_a_damaged_header_is_a_value_error(tmp_path, read):
    """NumPy raises SyntaxError, TokenError and others."""
    path = tmp_path / "a.npy"
    write_npy(path, np.arange(6, dtype=np.uint8).reshape(2, 3))
    content = path.read_bytes()
    refused = 0
    for place in range(10, 70):
        for bit in (0, 2, 6):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                read(path)
            except ValueError:
                refused += 1
    assert refused > 100
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"array|empty"):
        read(path)


def test_probabilities_come_back(tmp_path):
    row, prob = np.array([4, 2]), np.array([[0.5, 0.5], [0.25, 0.75]], dtype=np.float32)
    write_probabilities(tmp_path / "p.npz", row, prob)
    found = read_probabilities(tmp_path / "p.npz")
    assert (found.row.dtype, found.prob.dtype) == (np.int64, np.float32)
    assert np.array_equal(found.row, row)
    assert np.array_equal(found.prob, prob)
    assert found.at(np.array([2, 4])).tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert found.at(found.row.copy()) is found.prob
    assert found.problems() == []
    with pytest.raises(KeyError):
        found.at(np.array([3]))


@pytest.mark.parametrize(
    "arrays",
    [
        {"row": np.arange(2)},
        {"row": np.arange(2), "prob": np.ones((3, 2))},
        {"row": np.arange(2), "prob": np.ones(2)},
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, arrays):
    write_npz(tmp_path / "p.npz", arrays)
    with pytest.raises(UserError) as caught:
        read_probabilities(tmp_path / "p.npz")
    assert str(tmp_path / "p.npz") in caught.value.problems[0]


def test_unsound_probabilities_are_described_by_row():
    prob = np.full((5, 2), 0.5, dtype=np.float32)
    prob[1, 0], prob[2], prob[3] = np.nan, [-0.5, 1.5], [0.5, 0.6]
    problems = Probabilities(np.array([10, 11, 12, 13, 10]), prob).problems()
    assert len(problems) == 4
    for problem, row in zip(problems[1:], (11, 12, 13), strict=True):
        assert problem.endswith(f"row {row}")


def test_rows_of_several_repeats_are_averaged():
    first = Probabilities(np.array([3, 1]), np.array([[1, 0], [0, 1]], dtype=np.float32))
    second = Probabilities(np.array([1, 5]), np.array([[1, 0], [0.5, 0.5]], dtype=np.float32))
    merged = mean_by_row([first, second])
    assert merged.row.tolist() == [1, 3, 5]
    assert merged.prob.tolist() == [[0.5, 0.5], [1, 0], [0.5, 0.5]]
    assert merged.prob.dtype == np.float32


def test_an_array_without_space_is_an_error_and_leaves_nothing(small_disk):
    path = small_disk / "a.npy"
    with pytest.raises(DiskError) as caught:
        create_npy(path, (2000, 1000), np.uint8)
    assert (caught.value.errno, caught.value.needed) == (errno.ENOSPC, 2_000_128)
    assert list(small_disk.iterdir()) == []


def test_the_space_of_an_array_is_taken_at_once(tmp_path):
    path = tmp_path / "a.npy"
    array = create_npy(path, (3000, 1000), np.uint8)
    assert path.stat().st_blocks * 512 >= 3_000_000
    array[5] = 7
    array.flush()
    assert read_npy(path).sum(dtype=np.int64) == 7000


@pytest.mark.parametrize("compressed", [False, True])
def test_a_large_array_is_in_memory_once_while_it_is_read(tmp_path, monkeypatch, compressed):
    path, array = tmp_path / "a.npz", np.random.default_rng(0).integers(0, 9, (1 << 18, 8))
    write_npz(path, {"a": array, "name": np.array("x")}, compressed=compressed)
    monkeypatch.setattr(arrays_module, "LARGE", 1 << 16)
    tracemalloc.start()
    found = read_npz(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(found["a"], array)
    assert found["name"].item() == "x"
    assert peak < 1.2 * array.nbytes


@pytest.mark.parametrize("mapped", [False, True])
def test_a_damaged_large_array_is_an_error(tmp_path, monkeypatch, mapped):
    path = tmp_path / "a.npz"
    write_npz(path, {"a": np.zeros(10_000)})
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(arrays_module, "LARGE", 0)
    with pytest.raises(UserError, match="damaged"):
        read_npz(path, mapped=mapped)


def test_rows_of_one_network_each_are_put_in_order():
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 3)).astype(np.float32), rng.random((1, 3)).astype(np.float32)
    found = mean_by_row([Probabilities(np.array([7, 2]), first), Probabilities(np.array([4]), second)])
    assert found.row.tolist() == [2, 4, 7]
    assert np.array_equal(found.prob, np.stack([first[1], second[0], first[0]]))


@pytest.mark.skipif(os.name == "nt", reason="no file is mapped while it can be replaced")
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_of_an_archive_can_be_mapped(tmp_path, monkeypatch, order):
    path, array = tmp_path / "a.npz", np.asarray(np.arange(6000, dtype=np.float64).reshape(100, 60), order=order)
    np.savez(path, a=array, small=np.arange(3))
    monkeypatch.setattr(arrays_module, "LARGE", 1 << 10)
    found = read_npz(path, mapped=True)
    assert isinstance(found["a"], np.memmap)
    assert not isinstance(found["small"], np.memmap)
    assert np.array_equal(found["a"], array)
    with pytest.raises(ValueError, match="read-only"):
        found["a"][0] = 1


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_any_archive_of_numpy_is_read_where_arrays_are_mapped(tmp_path, monkeypatch, version, compression):
    path, array = tmp_path / "a.npz", np.arange(6000).reshape(100, 60)
    with zipfile.ZipFile(path, "w", compression) as archive, archive.open("a.npy", "w") as file:
        write_array(file, array, version)
    monkeypatch.setattr(arrays_module, "LARGE", 0)
    assert np.array_equal(read_npz(path, mapped=True)["a"], array)


@pytest.mark.parametrize("mapped", [False, True])
def test_objects_are_not_read(tmp_path, monkeypatch, mapped):
    path = tmp_path / "a.npz"
    np.savez(path, a=np.array([f"{number:>50}" for number in range(100)], dtype=object))
    monkeypatch.setattr(arrays_module, "LARGE", 0)
    with pytest.raises(UserError, match="damaged"):
        read_npz(path, mapped=mapped)
