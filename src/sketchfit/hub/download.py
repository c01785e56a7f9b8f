"""Downloads of published networks into the cache of the hub's client, without files that could run code."""

from __future__ import annotations

from pathlib import Path

from sketchfit.activity import activity
from sketchfit.bundle.manifest import COMPLETE, PREPARED, BundleManifest
from sketchfit.errors import RunError, raised_as
from sketchfit.hub.address import HubAddress, is_on_hub
from sketchfit.hub.client import hub_client, in_one_sentence
from sketchfit.hub.published import CONFIG, WEIGHTS, PublishedNetwork
from sketchfit.version import version

NETWORK_FILES = (PublishedNetwork.PLACE, CONFIG, WEIGHTS)
"""Of a network of timm."""

BUNDLE_FILES = (
    BundleManifest.PLACE,
    COMPLETE,
    PREPARED,
    "model.xml",
    "model.bin",
    "network_int8.onnx",
    "test_vector.npz",
    "neighbours.npz",
)
"""Of a bundle, without programs, texts and `model.pt2`."""


@raised_as(RunError)
@activity("looking for the network")
def local_folder(place: str | Path) -> Path:
    """Return the folder of a run, a bundle or a published network; an address on the hub is downloaded first.

    What is in the cache and current is not downloaded again. With HF_HUB_OFFLINE set, or without a connection, the
    network in the cache is used. Pickle files, Python files and links are never downloaded.

    Args:
        place: a folder, or `hf://owner/name`, with `@revision` for a branch, a tag or a commit.

    Raises:
        UserError: there is no such network, it is not one of sketchfit's, or the hub cannot be reached.
    """
    if not is_on_hub(place):
        return Path(place)
    address = HubAddress.parse(place)
    client = hub_client()
    with in_one_sentence(address, "read"):
        folder = Path(
            client.snapshot_download(
                address.repository,
                revision=address.revision,
                allow_patterns=[*NETWORK_FILES, *BUNDLE_FILES],
                library_name="sketchfit",
                library_version=version(),
            )
        )
    _check(folder, address)
    return folder


@raised_as(RunError)
@activity("looking for the bundle")
def local_bundle(place: str | Path) -> Path:
    """Return the folder of a run or a bundle; see `local_folder`.

    Raises:
        UserError: as in `local_folder`; or it is a published network without a bundle.
    """
    folder = local_folder(place)
    if PublishedNetwork.exists(folder) and not BundleManifest.exists(folder):
        again = HubAddress.parse(place).repository if is_on_hub(place) else place
        raise RunError(
            f"{place} has no bundle, which serving needs", f"Publish it again: sketchfit push RUN {again} --bundle"
        )
    return folder


def _check(folder: Path, address: HubAddress) -> None:
    """Refuse a download that is neither a published network nor a bundle.

    Raises:
        UserError: it is none, or its weights are missing.
    """
    if BundleManifest.exists(folder):
        return
    if not PublishedNetwork.exists(folder):
        raise RunError(
            f"{address} holds no network of sketchfit: it has no {PublishedNetwork.PLACE}",
            "Networks of timm are backbones: --set model.backbone=NAME in a recipe.",
        )
    if not (folder / WEIGHTS).is_file():
        raise RunError(f"{address} has no {WEIGHTS}; weights in pickle files are not read", "Push the run again.")
