"""Peer: LitServe with its batching, calling torch: https://lightning.ai/docs/litserve.

python -m benchmarks.serving.litserve_torch RUN PORT
"""

import base64
import sys
from pathlib import Path
from typing import Any

import litserve
import numpy as np
import torch
from fastapi import Request

from benchmarks.serving.torch_network import TorchNetwork
from sketchfit.processors import cores


class SketchApi(litserve.LitAPI):  # type: ignore[misc]
    def __init__(self, run: Path) -> None:
        super().__init__(max_batch_size=32, batch_timeout=0.002)
        self._run = run

    def setup(self, _device: str) -> None:
        torch.set_num_threads(cores())
        self._network = TorchNetwork.open(self._run)

    def decode_request(self, request: Request, **_: Any) -> Any:  # LitServe reads the types when it starts
        return self._network.prepared(base64.b64decode(request["image"]))

    def batch(self, inputs: list[Any]) -> Any:
        return np.stack(inputs)

    def predict(self, x: Any, **_: Any) -> Any:
        return self._network.answers(x)

    def unbatch(self, output: Any) -> Any:
        return output

    def encode_response(self, output: Any, **_: Any) -> Any:
        return output


if __name__ == "__main__":
    server = litserve.LitServer(SketchApi(Path(sys.argv[1])), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
