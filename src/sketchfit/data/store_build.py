"""Building image stores: each image is decoded once for all of them, into folders that are renamed when complete."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sketchfit.checksum import sealed
from sketchfit.data.fill_stores import fill_stores
from sketchfit.data.image_pass import Progress, ReceiveImage
from sketchfit.data.images import Decoded, ImageError, decode_image, read_image_file
from sketchfit.data.store_files import IMAGES, INDEX, PAPER
from sketchfit.data.store_names import VERSION
from sketchfit.data.store_pixels import StorePixels
from sketchfit.data.store_settings import StoreSettings
from sketchfit.moving import delete_folder, flush_to_disk, move
from sketchfit.remains import part_of
from sketchfit.runs.file_crc import file_crc


@dataclass(frozen=True)
class ImagePass:
    """One pass over image files: each is read and decoded once."""

    files: Sequence[Path]
    max_pixels: int
    threads: int
    progress: Progress
    receive: ReceiveImage | None

    def fill(self, stores: Mapping[StoreSettings, StorePixels]) -> dict[str, list[str]]:
        """Put each image into every store; see `fill_stores`."""
        return fill_stores(stores, self._image, len(self.files), self.threads, self.progress)

    def _image(self, row: int) -> Decoded | ImageError:
        data: bytes | None = None
        image: Decoded | ImageError
        try:
            data = read_image_file(self.files[row])
            image = decode_image(data, max_pixels=self.max_pixels)
        except ImageError as error:
            image = error
        if self.receive is not None:
            self.receive(row, data, image)
        return image


def build_stores(folders: Mapping[StoreSettings, Path], images: ImagePass) -> None:
    """Build a store in each folder; what is there of an incomplete or damaged one is replaced.

    Args:
        folders: that are locked by this process.
        images: pass over the files of all of them.
    """
    parts = {one: part_of(folder) for one, folder in folders.items()}
    for folder in folders.values():
        for stale in folder.parent.glob(f".{folder.name}.*.part"):
            delete_folder(stale, ignore_errors=True)
    try:
        for part in parts.values():
            part.mkdir()
        pixels = {one: StorePixels(part, len(images.files), one.size, one.channels == 3) for one, part in parts.items()}
        texts = images.fill(pixels)
        for one in pixels.values():
            one.finish()
        for settings, part in parts.items():
            _put_in_place(part, folders[settings], settings, texts)
    finally:
        for part in parts.values():
            delete_folder(part, ignore_errors=True)


def _put_in_place(part: Path, folder: Path, settings: StoreSettings, texts: Mapping[str, list[str]]) -> None:
    content = {name: file_crc(part / name) for name in (IMAGES, PAPER)}
    index = sealed({"version": VERSION, "settings": settings.__dict__, "content": content, **texts})
    (part / INDEX).write_text(json.dumps(index), encoding="utf-8")
    for name in (IMAGES, PAPER, INDEX):
        flush_to_disk(part / name)
    delete_folder(folder, ignore_errors=True)  # a folder of this name is not complete
    move(part, folder)
