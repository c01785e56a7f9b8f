"""`data:` how tables are read and images are stored."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sketchfit.config.section import CheckedBy, FreeText, Scope, Section


class DataSection(Section):
    """How tables are read and images are stored."""

    image_column: Annotated[str | None, CheckedBy("table")] = None
    """Column that names the image; the usual names are found without it."""
    label_column: Annotated[str | None, CheckedBy("table")] = None
    """Column that holds the label; the usual names are found without it."""
    train: Annotated[str | None, CheckedBy("table")] = None
    """Training table, or folder of class folders, within the data folder; the usual names are found without it."""
    test: Annotated[str | None, CheckedBy("table")] = None
    """Test table, or folder of test images, within the data folder, or `none`; the usual names are found without it."""
    valid: Annotated[str | None, CheckedBy("table")] = None
    """Table or folder of the validation split within the data folder, or `none` to leave it out. Its rows are training
    rows in the folds; `folds.column=given_fold` validates on them alone."""
    sample: Annotated[str | None, CheckedBy("table")] = None
    """Sample submission within the data folder; the usual names are found without it."""
    split_column: Annotated[str | None, CheckedBy("table")] = None
    """Column of the training table that names the split of each row (train, val, test), or `none`; found without it."""
    class_folders: Literal["first", "last", "path"] = "first"
    """Class of an image in several folders, `a/b/1.png`: the `first` (a), the `last` (b), or the `path` (a/b)."""
    missing: Annotated[Literal["drop", "error"], Scope(decides="nothing")] = "drop"
    """What happens where an image file is missing or cannot be read: `drop` training rows with a note and give test
    rows the class frequencies, or stop with an `error` (`--strict`)."""
    labels: Literal["auto", "names", "integers"] = "auto"
    """Whether labels are `names` of classes or `integers` that number them; `auto` decides by the labels."""
    encoding: Annotated[str | None, CheckedBy("table")] = None
    """Text encoding of the tables, such as `cp949`; detected by default."""
    follow_links: bool = False
    """Follow symbolic links that lead out of the data folder (`--follow-links`)."""
    exclude: str | None = None
    """Reviewed list of training images to leave out, a CSV file (`--exclude FILE`)."""
    relabel: str | None = None
    """Reviewed list of training images with other labels, a CSV file (`--relabel FILE`)."""
    resize: Literal["stretch", "pad", "crop", "ink"] = "pad"
    """How an image becomes square: `stretch` it, `pad` it with the paper's colour, `crop` its middle, or crop to the
    `ink` and pad."""
    size: int | None = Field(default=None, ge=8, le=4096)
    """Side of the stored images in pixels; by default 1.125 × the largest input size, so that crops stay sharp."""
    channels: Literal["auto", 1, 3] = "auto"
    """Channels stored: `auto` keeps one where all images are grey, 1 converts all to grey, 3 keeps colour."""
    max_pixels: int = Field(default=100_000_000, ge=1)
    """An image with more pixels counts as unreadable (probably a decompression bomb)."""
    cache: Annotated[str | None, FreeText("a folder, made where it does not exist"), Scope(decides="nothing")] = None
    """Folder of the image stores and of frozen features; by default `$SKETCHFIT_CACHE`, else `sketchfit` in the user's
    cache folder."""

    @property
    def picture_channels(self) -> Literal[1, 3]:
        """Channels of an exported network's input: grey is repeated where colour is possible."""
        return 1 if self.channels == 1 else 3
