"""Image formats: how a file is recognised by its first bytes, and what decodes it.

Only formats of pixels, and drawings: Pillow's EPS reader, for example, would start Ghostscript on the user's file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from sketchfit.wording import counted

HEAD = 4096
"""Bytes from the start of a file that `format_of` needs."""

EXTRA = "pip install 'sketchfit[formats]'"
"""Command that installs the decoders of all formats except JPEG XL."""

JXL = "pip install pillow-jxl-plugin"
"""Command for JPEG XL. Its licence is the GPL, so no extra installs it."""

Recognise = Callable[[bytes], bool]


@dataclass(frozen=True)
class ImageFormat:
    """One format.

    Attributes:
        name: for messages.
        suffixes: of file names, lower case; the first is the usual one.
        recognise: whether the first bytes of a file are of this format.
        readers: Pillow's names of the readers; empty where another library decodes it.
        modules: of which one must be installed; the first that is decodes the format. None for most formats.
        install: command that installs one of them.
    """

    name: str
    suffixes: tuple[str, ...]
    recognise: Recognise
    readers: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    install: str = EXTRA

    @property
    def module(self) -> str | None:
        """The installed module to import before decoding; None where there is none, or none is needed."""
        return next((one for one in self.modules if find_spec(one) is not None), None)

    @property
    def is_installed(self) -> bool:
        """Whether the package that decodes the format is installed."""
        return not self.modules or self.module is not None


def _starts(*starts: bytes) -> Recognise:
    return lambda head: head.startswith(starts)


def _matches(pattern: bytes) -> Recognise:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda head: compiled.match(head) is not None


def _box(*brands: bytes) -> Recognise:
    """Recognise an ISO base media file by its brands: the first is the main one, then compatible ones."""

    def recognise(head: bytes) -> bool:
        if head[4:8] != b"ftyp":
            return False
        named = head[8 : min(len(head), int.from_bytes(head[:4], "big"), 256)]
        return any(named[place : place + 4] in brands for place in range(0, len(named), 4) if place != 4)

    return recognise


def _svg(head: bytes) -> bool:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head.replace(b"\0", b"")[2:].lower()
    return (
        text.startswith(b"<")
        and not text.startswith(HTML_STARTS)
        and re.search(rb"<([a-z]+:)?svg[\s>]", text) is not None
    )


HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body")

_BMP = rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"
_PORTABLE = rb"P([1-6]|[fFyY7])\s+(#[^\n]*\n\s*)*(-?[0-9]|WIDTH)"

FORMATS = (
    ImageFormat("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"), _starts(b"\xff\xd8\xff"), ("JPEG", "MPO")),
    ImageFormat("PNG", (".png", ".apng"), _starts(b"\x89PNG\r\n\x1a\n"), ("PNG",)),
    ImageFormat("GIF", (".gif",), _starts(b"GIF87a", b"GIF89a"), ("GIF",)),
    ImageFormat("WebP", (".webp",), _matches(rb"RIFF.{4}WEBP"), ("WEBP",)),
    ImageFormat("TIFF", (".tif", ".tiff"), _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), ("TIFF",)),
    ImageFormat("BMP", (".bmp", ".dib"), _matches(_BMP), ("BMP", "DIB")),
    ImageFormat("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), _matches(_PORTABLE), ("PPM",)),
    ImageFormat("AVIF", (".avif", ".avifs"), _box(b"avif", b"avis"), ("AVIF",)),
    ImageFormat(
        "HEIC", (".heic", ".heif", ".hif", ".heics"),
        _box(b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"),
        ("HEIF",), ("pi_heif", "pillow_heif"),
    ),
    ImageFormat(
        "JPEG 2000", (".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc"),
        _starts(b"\0\0\0\x0cjP  \r\n", b"\xff\x4f\xff\x51"), ("JPEG2000",),
    ),
    ImageFormat(
        "JPEG XL", (".jxl",), _starts(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n"), ("JXL",), ("pillow_jxl",), JXL,
    ),
    ImageFormat("QOI", (".qoi",), _starts(b"qoif"), ("QOI",)),
    ImageFormat("ICO", (".ico",), _matches(rb"\0\0\x01\0[\x01-\x40]\0.{3}\0[\0\x01]\0"), ("ICO",)),
    ImageFormat("PSD", (".psd",), _starts(b"8BPS\0\x01"), ("PSD",)),
    ImageFormat("PCX", (".pcx",), _matches(rb"\x0a[\0\x02\x03\x04\x05]\x01[\x01\x02\x04\x08]"), ("PCX",)),
    ImageFormat("SVG", (".svg", ".svgz"), _svg, (), ("resvg_py",)),
    ImageFormat("TGA", (".tga", ".targa"), lambda _: False, ("TGA",)),
)  # fmt: skip
"""All formats; the first that recognises a file is used. TGA has no mark at the start."""

SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.suffixes)
"""Suffixes (lower case) of image files."""


def format_of(head: bytes) -> ImageFormat | None:
    """Return the format of a file by its first `HEAD` bytes, or None if they are of no known format."""
    return next((one for one in FORMATS if one.recognise(head)), None)


def format_named(name: str) -> ImageFormat | None:
    """Return the format that a file's suffix names, or None."""
    suffix = "." + name.rpartition(".")[2].lower()
    return next((one for one in FORMATS if suffix in one.suffixes), None)


def missing_decoder(wanted: ImageFormat) -> str:
    """Return the text for a file whose decoder is not installed."""
    return f"is {wanted.name}, which this installation does not decode: {wanted.install}"


def without_decoder(names: Iterable[str]) -> list[str]:
    """Return one sentence per format, by suffix, that files have and that this installation does not decode well."""
    counts = Counter(one.name for name in names if (one := format_named(name)) is not None)
    notes = [
        f"{counted(counts['JPEG'], 'image is', 'images are')} JPEG, in which damage is found only where a file is cut "
        "off; to find all damage: pip install simplejpeg"
    ] * bool(counts["JPEG"] and jpeg_decoders())
    return notes + [
        f"{counted(count, 'image is', 'images are')} {one.name}, which this installation does not decode; "
        f"to read {'it' if count == 1 else 'them'}: {one.install}"
        for one in FORMATS
        if (count := counts[one.name]) and not one.is_installed
    ]


def jpeg_decoders() -> tuple[str, ...]:
    """Return a name for the decoder of JPEG where it is not the usual one, simplejpeg: damaged files may differ."""
    return () if find_spec("simplejpeg") is not None else ("JPEG by Pillow",)


def additional_formats() -> tuple[str, ...]:
    """Return the names of the formats that need an additional decoder."""
    return tuple(one.name for one in FORMATS if one.modules)


def installed_decoders() -> tuple[str, ...]:
    """Return the names of the formats whose additional decoder is installed."""
    return tuple(one.name for one in FORMATS if one.modules and one.is_installed)
