"""Find the folders of splits and of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sketchfit.data.layouts.parts import ClassFolder
from sketchfit.data.listing import Listing
from sketchfit.data.split_names import Role, is_neutral, role_of, roles_of

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".7z", ".rar")

ROLES: tuple[Role, ...] = ("train", "valid", "test")

FoldersByRole = Mapping[Role, tuple[str, ...]]
"""Names of folders by the split that they mean."""


@dataclass
class ImageFolders:
    """The folders of a data set that have images, themselves or below.

    Args:
        listing: content of the data root.
    """

    listing: Listing
    _images: dict[str, int] = field(default_factory=dict, init=False)

    def count(self, folder: str) -> int:
        """Return the number of images, and files of several images, in a folder and below."""
        if folder not in self._images:
            self._images[folder] = len(self.listing.images(folder)) + len(self.listing.containers(folder))
        return self._images[folder]

    def inside(self, folder: str) -> list[str]:
        """Return the names of the folders in a folder that have images."""
        return [name for name in self.listing.folders(folder) if self.count(join(folder, name))]

    def loose(self, folder: str) -> int:
        """Return the number of images in a folder itself."""
        return self.count(folder) - sum(self.count(join(folder, name)) for name in self.listing.folders(folder))

    def splits(self, top: str) -> dict[Role, tuple[str, ...]]:
        """Return the folders of each split: in the top folder, else in the first folder of `around` that has some."""
        found = self._without_classes(top, by_role(self.inside(top)))
        if found:
            return _in_folder(top, found)
        for folder in self.around(top):
            if below := by_role(self.inside(folder)):
                return _in_folder(folder, below)
        return {}

    def _without_classes(self, top: str, found: FoldersByRole) -> FoldersByRole:
        """Leave out the folders that are named like a split and are classes, as the folders next to them.

        `train` next to two folders or more is a class, such as the vehicle, if it has images only, or folders of the
        same names as they have. `valid` with images only is a class next to a folder such as `invalid`, without a
        training folder.

        Args:
            top: folder that has them.
            found: names of the folders in it that mean a split, by split.
        """
        others = self._neighbours(top, found)
        kept = dict(found)
        train, valid = kept.get("train", ()), kept.get("valid", ())
        if len(others) > 1 and (self._are_flat(top, train) or self._are_alike(top, found, others)):
            kept.pop("train", None)
        if others and "train" not in kept and self._are_flat(top, valid):
            kept.pop("valid", None)
        return kept

    def _neighbours(self, top: str, found: FoldersByRole) -> list[str]:
        """Return the names of the folders in a folder that mean no split and are not neutral."""
        named = {name for names in found.values() for name in names}
        return [name for name in self.inside(top) if name not in named and not is_neutral(name)]

    def _are_flat(self, top: str, names: Sequence[str]) -> bool:
        """Return whether there are folders of these names, and none of them has folders of images."""
        return bool(names) and not self._inner(top, names)

    def _are_alike(self, top: str, found: FoldersByRole, others: Sequence[str]) -> bool:
        """Return whether only a training folder is there, with folders of the same names as in the others."""
        if set(found) != {"train"}:
            return False
        return bool(self._inner(top, found["train"]) & self._inner(top, others))

    def _inner(self, top: str, names: Sequence[str]) -> set[str]:
        """Return the names of the folders of images in several folders."""
        return {inner for name in names for inner in self.inside(join(top, name))}

    def around(self, top: str) -> list[str]:
        """Return the folders in the top folder that may contain splits: neutral ones, and the only one with images."""
        inside = self.inside(top)
        return [join(top, name) for name in inside if is_neutral(name) or (len(inside) == 1 and not role_of(name))]

    def without_images(self, top: str) -> list[str]:
        """Return the folders in the top folder that have no images: they may have the tables."""
        return [join(top, name) for name in self.listing.folders(top) if not self.count(join(top, name))]

    def classes(self, folder: str, without: Sequence[str] = ()) -> tuple[str, tuple[ClassFolder, ...]]:
        """Return the class folders in a folder.

        Where everything is in one folder that adds nothing (`images/`, `train/train/`) or has several folders, they are
        searched in that. A neutral folder alone is no class.

        Args:
            folder: relative to the data root.
            without: folders that are no classes.

        Returns:
            The folder that they are in, and the class folders.
        """
        inside = [name for name in self.inside(folder) if join(folder, name) not in without]
        while len(inside) == 1 and not self.loose(folder) and _is_wrapper(inside[0], self, folder):
            folder = join(folder, inside[0])
            inside = self.inside(folder)
        if len(inside) == 1 and is_neutral(inside[0]):
            return folder, ()
        return folder, tuple(ClassFolder(name, join(folder, name)) for name in inside)

    def unwrapped(self, folder: str) -> str:
        """Return the folder in a folder that has all its images, if it only repeats the name or is neutral."""
        inside = self.inside(folder)
        while len(inside) == 1 and not self.loose(folder) and _adds_nothing(inside[0], folder):
            folder = join(folder, inside[0])
            inside = self.inside(folder)
        return folder


def archives(listing: Listing, folder: str) -> list[str]:
    """Return the archives in a folder that may contain images."""
    return [name for name in listing.files(folder) if name.lower().endswith(_ARCHIVES)]


def by_role(names: Sequence[str]) -> dict[Role, tuple[str, ...]]:
    """Return the names that mean a split, by split."""
    roles = roles_of(names)
    found = {role: tuple(name for name in names if roles.get(name) == role) for role in ROLES}
    return {role: names for role, names in found.items() if names}


def _in_folder(folder: str, found: FoldersByRole) -> dict[Role, tuple[str, ...]]:
    """Return the paths of names in a folder, by split."""
    return {role: tuple(join(folder, name) for name in names) for role, names in found.items()}


def join(folder: str, name: str) -> str:
    """Return the path of a name in a folder; "" is the root."""
    return f"{folder}/{name}" if folder else name


def _is_wrapper(name: str, folders: ImageFolders, folder: str) -> bool:
    """Return whether a folder in a folder has several folders, or adds nothing to the one that it has."""
    inside = folders.inside(join(folder, name))
    return len(inside) > 1 or (bool(inside) and _adds_nothing(name, folder))


def _adds_nothing(name: str, folder: str) -> bool:
    """Return whether the name of a folder in a folder is no class: neutral, a split, or the same name again."""
    return is_neutral(name) or role_of(name) is not None or name == folder.rpartition("/")[2]
