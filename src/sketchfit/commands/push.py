"""`sketchfit push`: one network of a run on the Hugging Face hub, or in a folder of the same form."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from sketchfit.candidates.licences import choose_licence
from sketchfit.commands.bundle.chosen_network import ChosenNetwork, choose_network
from sketchfit.commands.bundle.options import BundleOptions, check_packages
from sketchfit.commands.bundle.origins import weights_origins
from sketchfit.commands.present_files import present_files
from sketchfit.commands.publication import Publication
from sketchfit.errors import UserError
from sketchfit.files import atomic
from sketchfit.hub.address import HubAddress, is_on_hub
from sketchfit.hub.published import PublishedNetwork
from sketchfit.hub.upload import MARKS, OURS, Upload, check_upload, upload_folder
from sketchfit.moving import delete_file
from sketchfit.runs.finished import open_finished
from sketchfit.runs.run import Run
from sketchfit.temporary import temporary_folder

PATH_MARKS = (".", "/", "~", "\\")
"""First letters of a target that is a folder."""


@dataclass(frozen=True)
class PushOptions:
    """What is pushed.

    Attributes:
        member: only of this member, or of this distilled student.
        fold: only the network of this fold.
        bundle: also the files of a bundle, for `sketchfit serve` and programs without torch.
        licence: of the network; None: that of the weights from which it started.
        private: whether a repository that does not exist yet is made private.
        message: of the commit.
        partial: also of a run that is not finished.
        digests: whether the weights name the images that they have learnt from, by digests of their files.
    """

    member: str | None = None
    fold: int | None = None
    bundle: bool = False
    licence: str | None = None
    private: bool = False
    message: str | None = None
    partial: bool = False
    digests: bool = True


@dataclass(frozen=True)
class Pushed:
    """What was pushed.

    Attributes:
        place: address of the commit, or the folder.
        network: `NAME/foldK`.
        files: their names.
        licence: of the network; None where none is stated.
        notes: for the user.
    """

    place: str
    network: str
    files: tuple[str, ...]
    licence: str | None
    notes: tuple[str, ...] = ()


def push(run: str | Path, target: str | Path, options: PushOptions | None = None) -> Pushed:
    """Publish the network that stands for a run: weights, description, model card, and the bundle where it is wanted.

    Weights are a safetensors file, and no file can run code when it is loaded. The network is that of
    `sketchfit export RUN --out DIR`.

    Args:
        run: the folder of a finished run.
        target: `owner/name` on the hub; or a folder, a path that begins with `.`, `/` or `~`, with the same files.
        options: see `PushOptions`.

    Raises:
        UserError: there is no run, it is not finished; the hub refuses it; timm cannot build the network; its weights
            forbid the licence; or the folder has other files.
    """
    options, destination = options or PushOptions(), destination_of(target)
    if isinstance(destination, HubAddress):
        check_upload(Upload(destination, options.private))
    else:
        check_folder(destination)
    opened, lacks = open_finished(run, partial=options.partial)
    chosen = choose_network(opened, options.member, options.fold)
    licence = choose_licence(options.licence, [one.licence for one in weights_origins(opened, chosen)])
    of_bundle = BundleOptions(options.member, options.fold, licence=licence)
    if options.bundle:
        check_packages(of_bundle)
    repository = destination.repository if isinstance(destination, HubAddress) else None
    publication = Publication(opened, chosen, of_bundle, repository, options.digests)
    with temporary_folder() as folder:
        publication.write(folder, bundle=options.bundle)
        files = tuple(sorted(path.name for path in folder.iterdir()))
        place = _send(folder, destination, options, chosen)
    return Pushed(place, chosen.name, files, licence, (*lacks, *_notes(opened, chosen, options)))


def destination_of(target: str | Path) -> HubAddress | Path:
    """Return where a network is pushed.

    >>> destination_of("me/doodles"), destination_of("./out").name
    (HubAddress(repository='me/doodles', revision=None), 'out')

    Raises:
        UserError: it is neither a folder nor a name on the hub.
    """
    if isinstance(target, Path) and not is_on_hub(target):
        return target
    if str(target).startswith(PATH_MARKS):
        return Path(target).expanduser()
    try:
        return HubAddress.parse(target)
    except UserError as error:
        hint = "Give owner/name, or a folder that begins with ./ or /, for example ./published"
        raise UserError(error.problems, hint) from error


def check_folder(folder: Path) -> None:
    """Refuse a folder with files that an earlier push did not write.

    Names such as `README.md` are common, so they count as those of a push only where it has its description.

    Raises:
        UserError: it has such files, or is none.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is no folder", "Choose another one.")
    present = present_files(folder) if folder.is_dir() else set()
    if others := sorted(present - OURS):
        raise UserError(f"{folder} has files of something else, for example {others[0]}", "Choose an empty folder.")
    if present and not present & MARKS:
        what = f"{folder} has {min(present)}, and no {' or '.join(sorted(MARKS))} of an earlier push"
        raise UserError(what, "Choose an empty folder, or delete what a push that was interrupted has left.")


def _send(folder: Path, destination: HubAddress | Path, options: PushOptions, chosen: ChosenNetwork) -> str:
    """Upload the files, or copy them; return where they are."""
    if isinstance(destination, HubAddress):
        message = options.message or f"Push {chosen.name} ({chosen.recipe.model.backbone})"
        return upload_folder(folder, Upload(destination, options.private, message))
    destination.mkdir(parents=True, exist_ok=True)
    new = {path.name for path in folder.iterdir()}
    for name in sorted(OURS - new):
        delete_file(destination / name)
    for name in sorted(new, key=lambda one: (one == PublishedNetwork.PLACE, one)):
        with atomic(destination / name) as temporary:
            shutil.copyfile(folder / name, temporary)
    return str(destination)


def _notes(run: Run, chosen: ChosenNetwork, options: PushOptions) -> list[str]:
    """Return what the user should know about the licence."""
    unknown = [one.name for one in weights_origins(run, chosen) if not one.known]
    if not unknown:
        return []
    states = (
        f"the card states {options.licence}" if options.licence else "the card states none; give one with --licence"
    )
    return [f"the licence of the weights {unknown[0]} is not known: {states}"]
