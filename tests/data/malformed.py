"""Small data sets in the competition's layout, correct ones and ones that are broken in many ways."""

from __future__ import annotations

import gzip
import io
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

CLASSES = ("apple", "bus", "cat")
PER_CLASS = 4
TEST_ROWS = 5

RAMP = np.linspace(0, 65535, 24 * 32).astype(np.uint16).reshape(24, 32)
RAMP_8 = np.rint(RAMP / 257).astype(np.uint8)
"""The same in 8 bits."""

SVG = (
    '<?xml version="1.0"?><!-- a line --><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">'
    '<path d="M2 2L18 8" stroke="black"/></svg>'
)


def drawing(number: int, size: tuple[int, int] = (40, 32), colour: bool = True) -> Image.Image:
    """A different drawing for each number: two strokes on white."""
    rng = np.random.default_rng(number)
    pixels = np.full((size[1], size[0], 3), 255, np.uint8)
    row, column = int(rng.integers(2, size[1] - 6)), int(rng.integers(2, size[0] - 6))
    pixels[row : row + 3, 2:-2] = (20, 20, 20)
    pixels[2:-2, column : column + 3] = (200, 30, 30) if colour else (60, 60, 60)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image file's content."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """One part of a PNG, with its checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header has a size, with hardly any pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(5000))) + png_chunk(b"IEND", b"")


def deep_grey_with_opacity(grey: np.ndarray) -> bytes:
    """A PNG of grey, uint16 [H, W], and full opacity in 16 bits, which neither Pillow nor OpenCV writes."""
    height, width = grey.shape
    values = np.stack([grey, np.full_like(grey, 65535)], axis=2).astype(">u2")
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 4, 0, 0, 0))
    content = png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in values)))
    return b"\x89PNG\r\n\x1a\n" + header + content + png_chunk(b"IEND", b"")


def interlaced_png(image: Image.Image) -> bytes:
    """An RGB PNG in seven passes (Adam7), which Pillow does not write."""
    pixels = np.asarray(image.convert("RGB"))
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = b"".join(
        b"\0" + row.tobytes() for y, x, down, right in passes for row in pixels[y::down, x::right] if row.size
    )
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 1))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def without_adobe_marker(jpeg: bytes) -> bytes:
    """A JPEG without its APP14 part."""
    start = jpeg.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", jpeg, start + 2)
    return jpeg[:start] + jpeg[start + 2 + length :]


def unreadable_images() -> dict[str, bytes]:
    """Files without a usable image, by kind of damage."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    jpeg, png, gif = encoded(noise, "JPEG"), encoded(noise, "PNG"), encoded(noise, "GIF")
    progressive = encoded(noise, "JPEG", progressive=True)
    not_a_number = Image.fromarray(np.full((8, 8), np.nan, np.float32))
    return {
        "empty": b"",
        "web_page": b"\n<!DOCTYPE html><html><body>404 not found</body></html>",
        "svg_damaged": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><path></svg>',
        "lfs_pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
        "text": b"this is not an image",
        "zeros": bytes(6000),
        "jpeg_header_only": jpeg[:3],
        "jpeg_hardly_begun": jpeg[: len(jpeg) // 6],
        "jpeg_progressive_header": progressive[: progressive.index(b"\xff\xda")],
        "png_signature_only": png[:8],
        "png_hardly_begun": png[: len(png) // 20],
        "png_without_header": png[:8] + png[33:],
        "png_interlaced_truncated": interlaced_png(noise)[:-100],
        "png_too_few_pixels": png_of_size(300, 300),
        "png_bomb": png_of_size(60_000, 60_000),
        "png_above_limit": png_of_size(12_000, 12_000),
        "png_zero_width": png_of_size(0, 10),
        "gif_truncated": gif[: len(gif) // 2],
        "webp_truncated": encoded(noise, "WEBP")[:-50],
        "bmp_hardly_begun": encoded(noise, "BMP")[:900],
        "tiff_truncated": encoded(noise, "TIFF", compression="tiff_lzw")[:-50],
        "tiff_not_a_number": encoded(not_a_number, "TIFF"),
        "pdf": b"%PDF-1.4\n%%EOF\n",
    }


def damaged_images() -> dict[str, bytes]:
    """Files of which at least half the rows can be decoded, by kind of damage."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    jpeg, png = encoded(noise, "JPEG"), encoded(noise, "PNG")
    progressive = encoded(noise, "JPEG", progressive=True)
    scrambled = bytearray(jpeg)
    scrambled[len(jpeg) * 2 // 3 : len(jpeg) * 2 // 3 + 2] = b"\xff\xd3"  # a restart where none can be
    flipped = bytearray(png)
    flipped[len(png) * 2 // 3] ^= 0xFF
    checksum = bytearray(png)
    checksum[-13] ^= 0xFF  # of the pixels
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 24)))
    profile = png_chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(1 << 24)))
    long_text = png_chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * (1 << 24)))
    return {
        "jpeg_truncated": jpeg[: len(jpeg) * 2 // 3],
        "jpeg_without_end": jpeg[:-2],
        "jpeg_cut_and_closed": jpeg[: len(jpeg) * 2 // 3] + b"\xff\xd9",
        "jpeg_scrambled": bytes(scrambled),
        "jpeg_grey_truncated": encoded(noise.convert("L"), "JPEG")[:-300],
        "jpeg_progressive_truncated": progressive[: len(progressive) * 2 // 3],
        "jpeg_progressive_cut_in_table": progressive[: progressive.rindex(b"\xff\xc4") + 9],
        "png_truncated": png[: len(png) * 2 // 3],
        "png_without_end": png[:-12],
        "png_damaged": bytes(flipped),
        "png_checksum": bytes(checksum),
        "png_palette_truncated": encoded(noise.quantize(8), "PNG")[:-400],
        "png_interlaced_checksum": interlaced_png(noise)[:-13] + b"xxx" + interlaced_png(noise)[-10:],
        "bmp_truncated": encoded(noise, "BMP")[:-3000],
        "tiff_truncated_plain": encoded(noise, "TIFF")[:-3000],
        "ppm_truncated": encoded(noise, "PPM")[:-3000],
        "tga_truncated": encoded(noise, "TGA")[:-3000],
        "qoi_truncated": encoded(noise, "QOI")[:-3000],
        "png_large_ztxt": png[:33] + text + png[33:],
        "png_large_iccp": png[:33] + profile + png[33:],
        "png_large_itxt": png[:33] + long_text + png[33:],
    }


def odd_images() -> dict[str, bytes]:
    """Files that are unusual and correct: all must decode."""
    image = drawing(7)
    grey = image.convert("L")
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "jpeg_cmyk": encoded(image.convert("CMYK"), "JPEG"),
        "jpeg_cmyk_plain": without_adobe_marker(encoded(image.convert("CMYK"), "JPEG")),
        "jpeg_progressive": encoded(image, "JPEG", progressive=True),
        "jpeg_turned": encoded(image, "JPEG", exif=exif),
        "jpeg_trailing_bytes": encoded(image, "JPEG") + b"trailing" * 100,
        "png_16_bit": encoded(wide, "PNG"),
        "png_1_bit": encoded(grey.convert("1"), "PNG"),
        "png_palette": encoded(image.quantize(8), "PNG"),
        "png_alpha": encoded(image.convert("RGBA"), "PNG"),
        "png_grey_alpha": encoded(grey.convert("LA"), "PNG"),
        "gif_animated": encoded(image, "GIF", save_all=True, append_images=[drawing(8)]),
        "webp_animated": encoded(image, "WEBP", save_all=True, append_images=[drawing(8)]),
        "tiff_float": encoded(Image.fromarray(np.asarray(grey, np.float32) / 255), "TIFF"),
        "tiff_16_bit": encoded(wide, "TIFF"),
        "png_interlaced": interlaced_png(image),
        "mpo": encoded(image, "MPO", save_all=True, append_images=[drawing(8)]),
        "tga": encoded(image, "TGA"),
        "qoi": encoded(image, "QOI"),
        "ico": encoded(image.resize((32, 32)), "ICO", sizes=[(32, 32)]),
        "pcx": encoded(image, "PCX"),
        "jpeg_2000": encoded(image, "JPEG2000"),
        "avif": encoded(image, "AVIF"),
        "svg": SVG.encode(),
        "svg_utf16": SVG.encode("utf-16"),
        "svgz": gzip.compress(SVG.encode()),
        "strokes": b'{"word": "cat", "drawing": [[[0, 90, 40], [10, 20, 255]], [[7], [9]]]}',
        "one_pixel": encoded(Image.new("RGB", (1, 1), "white"), "PNG"),
        "thin": encoded(Image.new("L", (900, 1), 255), "PNG"),
    }


def good_data(root: Path, rows_per_class: int = PER_CLASS) -> Path:
    """A correct data set in the competition's layout: 3 classes, `rows_per_class` images each, 5 test rows."""
    rows = []
    for target, name in enumerate(CLASSES):
        (root / "train" / name).mkdir(parents=True)
        for number in range(rows_per_class):
            path = f"{name}/sketch_{number}.JPEG"
            drawing(100 * target + number).save(root / "train" / path, "JPEG")
            rows.append((name, path, target))
    (root / "test").mkdir()
    for number in range(TEST_ROWS):
        drawing(1000 + number).save(root / "test" / f"{number}.JPEG", "JPEG")
    names = [f"{number}.JPEG" for number in range(TEST_ROWS)]
    pd.DataFrame(rows, columns=["class_name", "image_path", "target"]).to_csv(root / "train.csv", index=False)
    pd.DataFrame({"image_path": names}).to_csv(root / "test.csv", index=False)
    sample = pd.DataFrame({"ID": range(TEST_ROWS), "image_path": names, "target": 0})
    sample.to_csv(root / "sample_submission.csv", index=False)
    return root


def data_with_malformed_images(root: Path, rows_per_class: int = PER_CLASS) -> tuple[Path, list[str], list[str]]:
    """Correct tables of malformed images: all unreadable and all odd kinds are test rows, some are training rows.

    Returns:
        The folder, and the paths (relative to it) of the unreadable training and test images (one is missing).
    """
    good_data(root, rows_per_class)
    bad, odd = unreadable_images(), {**damaged_images(), **odd_images()}
    train_rows, bad_train = [], []
    for number, (kind, content) in enumerate({**dict(list(bad.items())[:8]), **odd}.items()):
        target = number % len(CLASSES)
        path = f"{CLASSES[target]}/{kind}.JPEG"
        (root / "train" / path).write_bytes(content)
        train_rows.append(f"{CLASSES[target]},{path},{target}\n")
        if kind in bad:
            bad_train.append(f"train/{path}")
    with (root / "train.csv").open("a") as file:
        file.writelines(train_rows)
    names = [f"{number}.JPEG" for number in range(TEST_ROWS)]
    for kind, content in {**bad, **odd}.items():
        (root / "test" / f"{kind}.JPEG").write_bytes(content)
        names.append(f"{kind}.JPEG")
    names.insert(2, "not_there.JPEG")
    (root / "test.csv").write_text("image_path\n" + "".join(f"{name}\n" for name in names))
    sample = "".join(f"{number},{name},0\n" for number, name in enumerate(names))
    (root / "sample_submission.csv").write_text("ID,image_path,target\n" + sample)
    return root, bad_train, ["test/not_there.JPEG", *(f"test/{kind}.JPEG" for kind in bad)]


@dataclass(frozen=True)
class BrokenTable:
    """A way to break a good data set, and a pattern that the message must match."""

    kind: str
    spoil: Callable[[Path], object]
    expected: str


def edit(table: str, old: str, new: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        text = (root / table).read_text()
        assert old in text
        (root / table).write_text(text.replace(old, new, 1))

    return spoil


def append(table: str, text: str) -> Callable[[Path], object]:
    def spoil(root: Path) -> None:
        with (root / table).open("a") as file:
            file.write(text)

    return spoil


def _write(table: str, content: bytes) -> Callable[[Path], object]:
    return lambda root: (root / table).write_bytes(content)


def _link_outside(root: Path) -> None:
    outside = root.parent / "elsewhere.JPEG"
    drawing(5).save(outside, "JPEG")
    (root / "train" / "apple" / "sketch_0.JPEG").unlink()
    (root / "train" / "apple" / "sketch_0.JPEG").symlink_to(outside)


def _link_folder_outside(root: Path) -> None:
    shutil.move(root / "test", root.parent / "elsewhere")
    (root / "test").symlink_to(root.parent / "elsewhere")
    (root / "test.csv").unlink()


def broken_tables() -> tuple[BrokenTable, ...]:
    """Ways to break the tables of `good_data`; each must end in a `UserError` that matches."""
    return (
        BrokenTable(
            "column_missing", edit("train.csv", "target", "targte"), r"no column 'target'.*Did you mean 'targte'"
        ),
        BrokenTable("image_column_missing", _write("test.csv", b"imagepath\nx.png\n"), r"no column .*Did you"),
        BrokenTable(
            "column_twice", edit("train.csv", "class_name", "target"), r"more than one column is named 'target'"
        ),
        BrokenTable(
            "files_missing", lambda root: shutil.rmtree(root / "train"), r"train\.csv: file does not exist \(12 rows\)"
        ),
        BrokenTable("parent_path", append("train.csv", "cat,../../x.JPEG,2\n"), r"leaves the data folder .*line 14"),
        BrokenTable("absolute_path", append("train.csv", "cat,/etc/passwd,2\n"), r"absolute path .*line 14"),
        BrokenTable("drive_path", append("test.csv", "C:\\x\\1.JPEG\n"), r"test\.csv: path is an absolute path"),
        BrokenTable(
            "test_parent_path", append("test.csv", "..\\..\\1.JPEG\n"), r"test\.csv: path leaves the data folder"
        ),
        BrokenTable("link_outside", _link_outside, r"link that leads outside .*line 2 'apple/sketch_0"),
        BrokenTable("folder_link_outside", _link_folder_outside, r"'test'.*link that leads outside"),
        BrokenTable(
            "label_text", edit("train.csv", "sketch_1.JPEG,0", "sketch_1.JPEG,x"), r"not an integer .*line 3 'x'"
        ),
        BrokenTable("label_fraction", edit("train.csv", "_1.JPEG,0", "_1.JPEG,0.5"), r"not an integer .*line 3 '0\.5'"),
        BrokenTable("label_negative", edit("train.csv", "_1.JPEG,0", "_1.JPEG,-1"), r"'-1' .*first line 3"),
        BrokenTable("label_huge", edit("train.csv", "_1.JPEG,0", "_1.JPEG,20240131"), r"'20240131' .*first line 3"),
        BrokenTable("label_empty", edit("train.csv", "_1.JPEG,0", "_1.JPEG,"), r"no label \(1 row\): line 3"),
        BrokenTable(
            "two_names", edit("train.csv", "apple,apple/sketch_1", "appel,apple/sketch_1"), r"label '0' .*'appel'"
        ),
        BrokenTable(
            "two_numbers", edit("train.csv", "_1.JPEG,0", "_1.JPEG,1"), r"class name 'apple' goes with 2 labels"
        ),
        BrokenTable(
            "two_labels", append("train.csv", "bus,apple/sketch_1.JPEG,1\n"), r"second label .*line 14 .*line 3"
        ),
        BrokenTable("path_empty", append("test.csv", '" "\n0.JPEG\n'), r"test\.csv: path is empty \(1 row\): line 7"),
        BrokenTable("no_rows", _write("train.csv", b"class_name,image_path,target\n"), r"train\.csv is empty"),
        BrokenTable("no_bytes", _write("train.csv", b""), r"train\.csv is empty"),
        BrokenTable("no_test_rows", _write("test.csv", b"image_path\n"), r"test\.csv is empty"),
        BrokenTable("short_row", append("train.csv", "cat,cat/99.JPEG\n"), r"more or fewer cells: line 14 has 2"),
        BrokenTable("long_row", append("train.csv", "cat,cat/sketch_0.JPEG,2,,\n"), r"cells: line 14 has 5"),
        BrokenTable("open_quote", append("train.csv", '"cat,cat/sketch_0.JPEG,2\n'), r"train\.csv, line 14: .*quote"),
        BrokenTable("binary", _write("train.csv", bytes(range(256)) * 4), r"train\.csv is not text"),
        BrokenTable("workbook", _write("train.csv", b"PK\x03\x04" + bytes(50)), r"Excel workbook"),
        BrokenTable("web_page", _write("test.csv", b"<!DOCTYPE html><html></html>"), r"test\.csv is a web page"),
        BrokenTable("half_utf16", _write("test.csv", b"\xff\xfei\0m\0a"), r"test\.csv is marked as utf-16"),
        BrokenTable(
            "sample_has_more", append("sample_submission.csv", "5,5.JPEG,0\n"), r"no test row .*line 7 '5\.JPEG'"
        ),
        BrokenTable(
            "sample_has_less",
            append("test.csv", "0.JPEG\n"),
            r"test\.csv: not in sample_submission\.csv \(1 row\): line 7",
        ),
        BrokenTable("sample_id_twice", edit("sample_submission.csv", "\n4,", "\n3,"), r"'ID' repeated .*line 6 '3'"),
        BrokenTable(
            "sample_empty", _write("sample_submission.csv", b"ID,image_path,target\n"), r"submission\.csv is empty"
        ),
        BrokenTable(
            "one_class", _write("train.csv", b"image_path,target\nbus/sketch_0.JPEG,1\n"), r"at least two classes"
        ),
        BrokenTable(
            "no_test_files", lambda root: shutil.rmtree(root / "test"), r"test\.csv: no file of the table exists"
        ),
        BrokenTable("nothing", lambda root: (shutil.rmtree(root), root.mkdir()), r"nothing to train on"),
        BrokenTable("gone", shutil.rmtree, r"does not exist"),
    )
