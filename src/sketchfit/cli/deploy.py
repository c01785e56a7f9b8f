"""Commands that deploy a run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sketchfit.cli import serve_options as options
from sketchfit.cli.command import command
from sketchfit.cli.options import Partial, Run
from sketchfit.cli.web_page import WebRuntimeFolder, check_web_page, write_web_page
from sketchfit.commands.places import check_runs
from sketchfit.imports import quick_imports
from sketchfit.live import show_activities
from sketchfit.printing import echo

if TYPE_CHECKING:
    from sketchfit.serving.settings import ServiceSettings

GROUP = "Deploy"
app = typer.Typer()


@command(app, GROUP, "sketchfit serve runs/first --port 8000")
def serve(
    model: options.Model,
    host: options.Host = "127.0.0.1",
    port: options.Port = 8000,
    workers: options.WorkerCount = 1,
    threads: options.Threads = None,
    runtime: options.RuntimeName = "onnxruntime",
    int8: options.Int8 = False,
    neighbours: options.Neighbours = False,
    timeout: options.Timeout = 30.0,
    queue: options.Queue = 256,
    batch: options.Batch = 8,
    max_bytes: options.MaxBytes = 32_000_000,
    max_pixels: options.MaxPixels = 25_000_000,
    max_images: options.MaxImages = 64,
    reject: options.Reject = None,
    cors: options.Origins = None,
    access_log: options.AccessLog = False,
    static: options.StaticFolder = None,
    web_runtime: WebRuntimeFolder = None,
) -> None:
    """Answer requests over HTTP with a run's network: /predict, /docs, /metrics, and a page to draw on."""
    check_runs([model], networks=True)
    if static is not None:
        _write_static(model, static, web_runtime)
        return
    from sketchfit.bundle.decode import UploadLimits
    from sketchfit.serving.settings import Capacity, RequestLimits, ServiceSettings

    image = UploadLimits(max_bytes, max_pixels)
    settings = ServiceSettings(
        bundle=model,
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        runtime=runtime,  # type: ignore[arg-type]
        int8=int8,
        capacity=Capacity(images=queue, batch=batch),
        limits=RequestLimits(seconds=timeout, bytes=max_bytes, images=max_images, image=image),
        origins=tuple(cors or ()),
        reject=reject,
        access_log=access_log,
    )
    _serve(settings, neighbours=neighbours)


def _write_static(model: Path, folder: Path, web_runtime: Path | None) -> None:
    check_web_page(folder, web_runtime)
    with _bundle_of(model) as bundle:  # without training drawings: a page is published, and they may not be
        write_web_page(bundle, folder, web_runtime)


@command(app, GROUP, "sketchfit push runs/first owner/name --private", "sketchfit push runs/first ./published")
def push(
    run_folder: Run,
    target: Annotated[
        str, typer.Argument(metavar="OWNER/NAME|FOLDER", help="On the hub; or ./FOLDER, or a full path.")
    ],
    member: Annotated[str | None, typer.Option("--member", help="Whose network, where there are several.")] = None,
    fold: Annotated[int | None, typer.Option("--fold", help="That fold's network.")] = None,
    bundle: Annotated[bool, typer.Option("--bundle", help="Also the files for `sketchfit serve`.")] = False,
    licence: Annotated[
        str | None,
        typer.Option("--licence", "--license", help="Licence of the network; by default the licence of its weights."),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repository private.")] = False,
    message: Annotated[str | None, typer.Option("--message", "-m", help="Of the commit.")] = None,
    digests: Annotated[bool, typer.Option(help="Name the training images in the weights, by digests.")] = True,
    partial: Partial = False,
) -> None:
    """Publish a run's network on the Hugging Face hub, for timm and for sketchfit, with a model card."""
    check_runs([run_folder])
    with quick_imports():
        from sketchfit.commands.push import PushOptions
        from sketchfit.commands.push import push as push_network

    wanted = PushOptions(member, fold, bundle, licence, private, message, partial, digests)
    found = push_network(run_folder, target, wanted)
    for note in found.notes:
        echo(f"note: {note}", error=True)
    echo(f"{found.network} → {found.place}")
    echo(f"files: {', '.join(found.files)}")
    echo(f"licence: {found.licence or 'none stated'}")


def _serve(settings: ServiceSettings, *, neighbours: bool) -> None:
    from sketchfit.serving.run import check_service, run_service
    from sketchfit.serving.settings import TOKEN

    check_service(settings)

    def announce(address: str) -> None:
        show_activities("none")  # a service runs for days
        if not settings.is_local and not os.environ.get(TOKEN):
            echo(f"warning: everybody who reaches {settings.host} can use this service: set {TOKEN}", error=True)
        echo(f"{address}/ answers requests; Ctrl-C stops it", error=True)

    drawings = ["--neighbours"] if neighbours else []
    int8 = ["--also", "int8"] if settings.int8 else []
    with _bundle_of(settings.bundle, *drawings, *int8) as bundle:
        run_service(replace(settings, bundle=bundle), announce)


@contextmanager
def _bundle_of(model: Path, *options: str) -> Iterator[Path]:
    """Yield the folder of a bundle: the one that is named, also on the hub, or a temporary one of a run.

    The run is exported with these options, in a separate process, so that torch's memory is freed.
    """
    from sketchfit.bundle.manifest import BundleManifest
    from sketchfit.hub.download import local_bundle
    from sketchfit.runs.state import State
    from sketchfit.temporary import temporary_folder

    model = local_bundle(model)
    if BundleManifest.exists(model) or not State.exists(model):
        yield model
        return
    with temporary_folder() as folder:
        bundle = folder / "bundle"
        export = [sys.executable, "-m", "sketchfit", "export", str(model), "--out", str(bundle), *options]
        if status := subprocess.run(export, check=False).returncode:
            raise typer.Exit(status)
        yield bundle
