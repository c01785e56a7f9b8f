from __future__ import annotations

from pathlib import Path

from PIL import Image

from sketchfit.data.exif import read_exif


def save(path: Path, **fields: str) -> Path:
    image = Image.new("L", (8, 8), 255)
    exif = Image.Exif()
    numbers = {"Model": 0x0110, "DateTime": 0x0132}
    for name, text in fields.items():
        if name in numbers:
            exif[numbers[name]] = text
        else:
            exif.get_ifd(0x8769)[{"DateTimeOriginal": 0x9003, "BodySerialNumber": 0xA431}[name]] = text
    image.save(path, exif=exif)
    return path


def test_fields_of_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff")
    files = [
        save(tmp_path / "a.jpg", Model="X100", BodySerialNumber="77"),
        save(tmp_path / "b.png", Model="X100", DateTimeOriginal="2023:01:14 10:15:30"),
        broken,
        tmp_path / "missing.jpg",
    ]
    found = read_exif(files, workers=2)
    assert {name: values.tolist() for name, values in found.items()} == {
        "Model": ["X100", "X100", "", ""],
        "BodySerialNumber": ["77", "", "", ""],
        "DateTimeOriginal": ["", "2023:01:14 10:15:30", "", ""],
    }


def test_files_without_fields(tmp_path: Path) -> None:
    assert read_exif([save(tmp_path / "a.jpg")]) == {}
    assert read_exif([]) == {}
