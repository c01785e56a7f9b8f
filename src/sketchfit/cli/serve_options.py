"""Options of `sketchfit serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[Path, typer.Argument(metavar="RUN|BUNDLE", help="A run's folder, a bundle's, or hf://OWNER/NAME.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen at; 0.0.0.0 is all.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen at.")]
WorkerCount = Annotated[int, typer.Option("--workers", help="Processes that answer requests.")]
Threads = Annotated[
    int | None, typer.Option("--threads", help="Per worker, for the network; by default cores / workers.")
]
RuntimeName = Annotated[str, typer.Option("--runtime", help="onnxruntime or openvino.")]
Int8 = Annotated[bool, typer.Option("--int8", help="Use the quantised network of the bundle.")]
Neighbours = Annotated[bool, typer.Option("--neighbours", help="Show training drawings next to predictions; of a run.")]
Timeout = Annotated[float, typer.Option("--timeout", help="Seconds per request at most.")]
Queue = Annotated[int, typer.Option("--queue", help="Images in work per worker; more get status 429.")]
Batch = Annotated[int, typer.Option("--batch", help="Images that are computed at once, at most.")]
MaxBytes = Annotated[int, typer.Option("--max-bytes", help="Bytes of a request.")]
MaxPixels = Annotated[int, typer.Option("--max-pixels", help="Pixels of an image.")]
MaxImages = Annotated[int, typer.Option("--max-images", help="Images of a request.")]
Reject = Annotated[
    float | None, typer.Option("--reject", help="Call images unknown; at most this share of those of known classes.")
]
Origins = Annotated[
    list[str] | None, typer.Option("--cors", metavar="ORIGIN", help="Let pages of this origin read answers.")
]
AccessLog = Annotated[bool, typer.Option("--access-log", help="Log each request.")]
StaticFolder = Annotated[
    Path | None,
    typer.Option("--static", metavar="DIR", help="Write the page as a folder that needs no service, and stop."),
]
