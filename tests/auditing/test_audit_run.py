"""The whole audit on small sets: what it finds, what it caches, and sets at the edge."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from sketchfit.auditing import AuditSettings, Backbone, PixelStatistics, run_audit, write_findings, write_traits
from sketchfit.auditing import measure as measuring
from sketchfit.auditing.traits import TRAIT_NAMES
from sketchfit.config.audit import AuditSection
from sketchfit.data.image_pass import Decoding
from sketchfit.data.readers import read_table
from sketchfit.data.table import Table
from sketchfit.errors import UserError
from sketchfit.reporting.audit.audit_page import write_audit_page
from tests.auditing.audit_sets import jpeg, make_table, png, scribble
from tests.data.malformed import encoded

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"


def audited(table: Table, tmp_path: Path, **more: Any) -> dict[str, Any]:
    """Findings as read back from disk; the page and the traits are written, too."""
    audit = run_audit(table, AuditSettings(**more), tmp_path / "cache", Decoding(2))
    write_findings(tmp_path / "out" / "findings.json", audit)
    write_traits(tmp_path / "out" / "traits.parquet", audit)
    write_audit_page(tmp_path / "out" / "index.html", audit)
    return dict(
        json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    )


def planted(root: Path) -> Table:
    """Copies of every relation: within a class, across classes, train/test directly and through a test image."""
    train: dict[str, tuple[int, bytes | None]] = {
        f"train/c{k % 2}/{k}.JPEG": (k % 2, jpeg(scribble(k))) for k in range(8)
    }
    train["train/c0/mirrored.JPEG"] = (0, jpeg(scribble(0)[:, ::-1]))
    train["train/c1/turned.JPEG"] = (1, jpeg(np.rot90(scribble(2)).copy()))
    train["train/c1/of_test.JPEG"] = (1, jpeg(np.rot90(scribble(100), 3).copy()))
    test: dict[str, bytes | None] = {f"test/{k}.JPEG": jpeg(scribble(100 + k)) for k in range(4)}
    test["test/4.JPEG"] = jpeg(scribble(101)[::-1])
    return make_table(root, train, test)


def test_planted_copies_are_found_named_and_sorted(tmp_path: Path) -> None:
    table = planted(tmp_path / "data")
    found = audited(table, tmp_path)["near_duplicates"]
    assert found["groups"] == [
        ["train/c0/2.JPEG", "train/c1/turned.JPEG"],
        ["train/c1/of_test.JPEG", "test/0.JPEG"],
        ["train/c0/0.JPEG", "train/c0/mirrored.JPEG"],
        ["test/1.JPEG", "test/4.JPEG"],
    ]
    assert found["group_relations"] == ["cross_label", "train_test", "same_label", "test_test"]
    first = found["pairs"][0]
    assert (first["first_class"], first["second_class"], first["relation"]) == ("c0", "c1", "cross_label")
    assert found["pairs"][2]["kind"] == "mirrored"
    assert found["counts"]["test_images_with_training_copy"] == 1
    audit = run_audit(table, AuditSettings(), tmp_path / "cache")
    assert audit.group.dtype == np.int64
    assert audit.group[0] == audit.group[8]
    assert audit.group[2] == audit.group[9]
    assert len(set(audit.group.tolist())) == 9


def test_a_second_audit_reads_no_picture_and_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = planted(tmp_path / "data")
    first = audited(table, tmp_path)
    counted: list[int] = []
    monkeypatch.setattr(measuring, "decode_image", lambda *_: pytest.fail("an image was decoded again"))
    run_audit(table, AuditSettings(), tmp_path / "cache", Decoding(progress=counted.append))
    assert counted[-1] == len(table.train) + len(table.test)
    assert audited(table, tmp_path) == first


def test_a_changed_image_is_measured_again(tmp_path: Path) -> None:
    table = planted(tmp_path / "data")
    before = audited(table, tmp_path)
    (table.root / "train/c1/turned.JPEG").write_bytes(jpeg(scribble(77)))
    after = audited(table, tmp_path)
    assert len(after["near_duplicates"]["groups"]) == len(before["near_duplicates"]["groups"]) - 1


def test_threads_change_nothing(tmp_path: Path) -> None:
    table = planted(tmp_path / "data")
    one, many = (run_audit(table, AuditSettings(), tmp_path / str(n), Decoding(n)) for n in (1, 4))
    pd.testing.assert_frame_equal(one.traits, many.traits)
    assert one.copies.pairs.tolist() == many.copies.pairs.tolist()
    assert one.thumbnails == many.thumbnails


def animation() -> bytes:
    stream = io.BytesIO()
    frames = [Image.fromarray(scribble(k)) for k in range(3)]
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    return stream.getvalue()


def test_broken_files_are_named_by_kind(tmp_path: Path) -> None:
    whole = jpeg(scribble(0))
    table = make_table(
        tmp_path / "data",
        {
            "train/whole.JPEG": (0, whole),
            "train/empty.JPEG": (0, b""),
            "train/truncated.JPEG": (0, whole[:200]),
            "train/shortened.JPEG": (0, whole[:-2]),
            "train/page.JPEG": (1, b"<!doctype html><html>404</html>"),
            "train/noise.JPEG": (1, bytes(range(1, 256))),
            "train/png.JPEG": (1, png(scribble(1))),
        },
        {
            "test/missing.png": None,
            "test/moving.gif": animation(),
            "test/many.png": png(np.full((150, 150), 255, np.uint8)),
        },
    )
    found = audited(table, tmp_path, max_pixels=20_000)
    kinds = {one["path"]: one["kind"] for one in found["oddities"]}
    assert kinds == {
        "train/empty.JPEG": "empty",
        "train/truncated.JPEG": "truncated",
        "train/shortened.JPEG": "incomplete",
        "train/page.JPEG": "not_an_image",
        "train/noise.JPEG": "not_an_image",
        "train/png.JPEG": "wrong_extension",
        "test/missing.png": "missing",
        "test/moving.gif": "animated",
        "test/many.png": "too_large",
    }
    assert set(found["unreadable"]["train"]) == {
        "train/empty.JPEG", "train/truncated.JPEG", "train/page.JPEG", "train/noise.JPEG",
    }  # fmt: skip
    assert set(found["damaged"]["train"]) == {"train/shortened.JPEG"}
    assert found["unreadable"]["train"]["train/empty.JPEG"] == "file is empty (0 bytes)"
    assert set(found["unreadable"]["test"]) == {"test/missing.png", "test/many.png"}
    assert "4 training images cannot be read." in found["notes"]
    traits = pd.read_parquet(tmp_path / "out" / "traits.parquet")
    assert traits["path"].tolist() == [*table.train.paths, *table.test.paths]
    assert traits["width"].notna().sum() == 4


def test_huge_images_are_read_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketchfit.auditing.broken.HUGE_PIXELS", 10_000)
    table = make_table(tmp_path / "data", {"train/a.JPEG": (0, jpeg(scribble(0)))}, {})
    found = audited(table, tmp_path)
    assert [one["kind"] for one in found["oddities"]] == ["huge"]
    assert found["unreadable"] == {"train": {}, "test": {}}


def test_12_bits_in_files_of_16_are_named(tmp_path: Path) -> None:
    deep = {f"train/{k}.png": (k % 2, png(scribble(k).astype(np.uint16) * (16 if k < 3 else 257))) for k in range(5)}
    test = {"test/0.tif": encoded(Image.fromarray(scribble(9).astype(np.uint16) * 16), "TIFF")}
    found = audited(make_table(tmp_path / "data", deep, test), tmp_path)
    named = ["train/0.png", "train/1.png", "train/2.png", "test/0.tif"]
    assert [(one["path"], one["kind"]) for one in found["oddities"]] == [(path, "narrow") for path in named]
    assert [note[:36] for note in found["notes"] if "12 bits" in note] == [
        "3 training images have 16 bits and n",
        "1 test image has 16 bits and no valu",
    ]
    assert found["damaged"] == {"train": {}, "test": {}}


def test_12_bits_of_colour_in_files_of_16_are_named(tmp_path: Path) -> None:
    def colour(number: int, factor: int) -> bytes:
        deep = np.stack([scribble(number + part).astype(np.uint16) * factor for part in range(3)], axis=2)
        return cv2.imencode(".png", deep)[1].tobytes()

    train = {f"train/{k}.png": (k % 2, colour(k, 16 if k < 2 else 257)) for k in range(4)}
    found = audited(make_table(tmp_path / "data", train, {"test/0.png": colour(9, 16)}), tmp_path)
    named = ["train/0.png", "train/1.png", "test/0.png"]
    assert [(one["path"], one["kind"]) for one in found["oddities"]] == [(path, "narrow") for path in named]
    assert [note[:36] for note in found["notes"] if "12 bits" in note] == [
        "2 training images have 16 bits and n",
        "1 test image has 16 bits and no valu",
    ]


def test_blank_and_one_pixel_images(tmp_path: Path) -> None:
    blank, dot = png(np.full((50, 50), 255, np.uint8)), png(np.zeros((1, 1), np.uint8))
    train = {f"train/{k}.png": (k % 2, blank if k < 4 else dot) for k in range(6)}
    found = audited(make_table(tmp_path / "data", train, {"test/0.png": blank, "test/1.png": dot}), tmp_path)
    assert found["near_duplicates"]["groups"] == []
    assert "6 training images are blank or nearly so." in found["notes"]
    assert found["folds"]["answer"].startswith("Not by near-duplicates")


def test_one_class_without_test_set(tmp_path: Path) -> None:
    table = make_table(tmp_path / "data", {f"train/{k}.JPEG": (0, jpeg(scribble(k))) for k in range(3)}, {})
    found = audited(table, tmp_path)
    assert any("no test set" in note for note in found["notes"])
    assert any("only one class" in note for note in found["notes"])
    assert found["drift"]["auc"] is None
    assert found["folds"]["nearest_neighbour"] == {"plain": None, "grouped": None, "excess": None}


def test_classes_of_two_images(tmp_path: Path) -> None:
    table = make_table(
        tmp_path / "data",
        {f"train/{k}.JPEG": (k // 2, jpeg(scribble(k))) for k in range(8)},
        {"test/0.JPEG": jpeg(scribble(9))},
    )
    found = audited(table, tmp_path)
    assert any(note.startswith("4 of 4 classes have fewer than 5 training images") for note in found["notes"])
    assert found["table"]["images_per_class"]["histogram"] == {"2": 4}


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    table = make_table(tmp_path / "data", {"train/a.JPEG": (0, b""), "train/b.JPEG": (1, b"no")}, {})
    found = audited(table, tmp_path)
    assert found["pixels"] is None
    assert found["folds"]["answer"].startswith("No training image")


def test_a_set_without_any_jpeg_file(tmp_path: Path) -> None:
    train = {f"train/{k}.png": (k % 2, png(scribble(k, (48, 48)))) for k in range(40)}
    test = {f"test/{k}.png": png(scribble(100 + k, (48, 48))) for k in range(25)}
    found = audited(make_table(tmp_path / "data", train, test), tmp_path)
    assert 0 <= found["drift"]["auc"] <= 1
    assert "jpeg_quality" not in found["drift"]["traits"]
    assert found["traits"]["jpeg_quality"] == {"train": None, "test": None}


def test_all_images_alike_are_one_group_and_that_is_noted(tmp_path: Path) -> None:
    table = make_table(tmp_path / "data", {f"train/{k}.JPEG": (k % 2, jpeg(scribble(0))) for k in range(12)}, {})
    found = audited(table, tmp_path)
    assert found["near_duplicates"]["counts"]["largest_group"] == 12
    assert any("folds will be uneven" in note for note in found["notes"])


def test_pixel_statistics_against_numpy_and_the_backbone(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (40, 60, 3), dtype=np.uint8) for _ in range(3)]
    train = {f"train/{k}.png": (k % 2, png(image)) for k, image in enumerate(images)}
    expects = PixelStatistics((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    found = audited(make_table(tmp_path / "data", train, {}), tmp_path, backbone=Backbone("tiny", expects))["pixels"]
    pixels = np.stack(images)[..., ::-1].reshape(-1, 3) / 255  # OpenCV writes blue first
    assert found["mean"] == pytest.approx(pixels.mean(axis=0).tolist())
    assert found["std"] == pytest.approx(pixels.std(axis=0).tolist())
    assert found["backbone"]["name"] == "tiny"
    assert found["backbone"]["mean"] == [0.485, 0.456, 0.406]


def test_a_cache_that_cannot_be_written_is_the_users_to_fix(tmp_path: Path) -> None:
    table = planted(tmp_path / "data")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        run_audit(table, AuditSettings(), tmp_path / "file")


def test_measurements_that_are_read_take_no_further_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, folders = planted(tmp_path / "data"), []
    scratch = measuring.scratch
    monkeypatch.setattr(measuring, "scratch", lambda folder: folders.append(folder) or scratch(folder))
    first = audited(table, tmp_path)
    assert folders == [tmp_path / "cache"]
    assert audited(table, tmp_path) == first
    assert len(folders) == 1


def test_damaged_cache_is_measured_again(tmp_path: Path) -> None:
    table = planted(tmp_path / "data")
    first = audited(table, tmp_path)
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    assert audited(table, tmp_path) == first


@pytest.mark.skipif(not (SHARED / "quickdraw40").is_dir(), reason="the drawings of quickdraw40 are not here")
def test_real_drawings(tmp_path: Path) -> None:
    found = audited(read_table(SHARED / "quickdraw40"), tmp_path)
    assert found["unreadable"] == {"train": {}, "test": {}}
    assert 10 <= len(found["near_duplicates"]["groups"]) <= 60
    assert found["near_duplicates"]["counts"]["largest_group"] <= 5
    assert set(found["traits"]) == set(TRAIT_NAMES)
    assert found["drift"]["auc_interval"][0] < 0.55
    assert (tmp_path / "out" / "index.html").stat().st_size < 2_500_000


def test_copies_alone_are_the_same_copies_and_nothing_else_is_measured(tmp_path: Path) -> None:
    table = planted(tmp_path / "data")
    all_of_it, copies = (
        run_audit(table, AuditSettings(AuditSection(detail=detail)), tmp_path / "cache", Decoding(2))
        for detail in ("all", "copies")
    )
    assert np.array_equal(all_of_it.group, copies.group)
    assert all_of_it.copies.groups == copies.copies.groups
    assert copies.traits["width"].isna().all()
    assert not any(copies.thumbnails)
    assert (copies.pixels, copies.drift.auc, copies.drift.traits) == (None, None, {})
    assert (copies.crossing.groups, copies.crossing.plain) == (all_of_it.crossing.groups, None)
    write_findings(tmp_path / "findings.json", copies)
    assert json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["pixels"] is None
