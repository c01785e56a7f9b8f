"""Peer: a plain FastAPI handler that calls torch, as tutorials write it.

python -m benchmarks.serving.fastapi_torch RUN PORT
"""

import sys
from pathlib import Path

import torch
import uvicorn
from fastapi import FastAPI, UploadFile

from benchmarks.serving.torch_network import TorchNetwork
from sketchfit.processors import cores


def make_app(run: Path) -> FastAPI:
    app, network = FastAPI(), TorchNetwork.open(run)

    @app.get("/health")  # type: ignore[untyped-decorator]
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/predict")  # type: ignore[untyped-decorator]
    def predict(images: UploadFile) -> dict[str, str | float]:
        return network.answers(network.prepared(images.file.read())[None])[0]

    return app


if __name__ == "__main__":
    torch.set_num_threads(cores())
    uvicorn.run(make_app(Path(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
