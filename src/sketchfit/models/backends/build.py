"""From a trained network to what answers for it: chosen, converted at the first pictures, checked on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from sketchfit.models.backbone import Network
from sketchfit.models.backends import onnx_runtime, openvino
from sketchfit.models.backends.answer import Answer, Floats, Pictures, compiled, eager, in_batches_of
from sketchfit.models.backends.choose import Backend, check_backend, choose, installed_backends, worth_converting
from sketchfit.models.backends.graph import to_onnx

TOLERANCE = 1e-5
"""Largest difference of a probability from torch's, both in fp32, with which a conversion is used."""
TF32_TOLERANCE = 1e-3
"""The same on GPUs, whose fp32 convolutions are rounded to TF32."""
CHECKED = 8
"""Pictures of the first batch that are compared."""

Load = Callable[[bytes, int], Answer]
_LOADERS: dict[str, Load] = {"onnxruntime": onnx_runtime.load, "openvino": openvino.load}


def build_answer(
    network: Network,
    wanted: Backend,
    *,
    images: int,
    size: int,
    device: torch.device,
    precision: str,
    channels_last: bool,
    say: Callable[[str], None],
) -> Answer:
    """What computes the probabilities of so many pictures of side `size`; as `eager` it wants the caller's contexts.

    Where a conversion fails or differs by more than 1e-5 from torch, torch goes on, and `say` is told why.

    Raises:
        UserError: a backend that can't be had here.
    """
    check_backend(wanted, device)
    plain = eager(network, device, channels_last)
    installed = installed_backends() if wanted == "auto" and device.type == "cpu" else ()
    work = bool(installed) and worth_converting(images, forward_flops(network, size, device))
    backend = choose(wanted, work, device.type, precision, installed)
    if backend == "eager":
        return plain
    if backend == "compiled":
        bound = (TOLERANCE if device.type == "cpu" else TF32_TOLERANCE) if precision == "fp32" else None
        return Checked(lambda _: compiled(network, device, channels_last), plain, backend, device.type, bound, say)

    def convert(pictures: Pictures) -> Answer:
        height, width, channels = pictures.shape[1:]
        graph = to_onnx(network, (len(pictures), height, width, channels))
        return in_batches_of(len(pictures), _LOADERS[backend](graph, torch.get_num_threads()))

    return Checked(convert, plain, backend, device.type, TOLERANCE, say)


def forward_flops(network: Network, size: int, device: torch.device) -> int:
    """Floating-point operations of one image's forward pass, counted by torch; 0 where it can't count them."""
    model = network.model.eval()
    # The counter hooks what asks for gradients, and stumbles over views of such parameters where none are recorded.
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        for parameter in learning:
            parameter.requires_grad_(False)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 3, size, size, device=device))
        return int(counter.get_total_flops())
    except (RuntimeError, NotImplementedError, AssertionError, AttributeError):
        return 0
    finally:
        for parameter in learning:
            parameter.requires_grad_(True)


class Checked:
    """A backend that is made at the first pictures and compared with torch on them.

    Args:
        make: first pictures to backend; may raise whatever a converter or a compiler raises.
        plain: torch.
        device: type of the device, whose autocast is switched off for the comparison.
        bound: largest difference of a probability; None for a lower precision, two kernels of which need not agree.
        say: told once, where torch goes on alone.
    """

    def __init__(
        self,
        make: Callable[[Pictures], Answer],
        plain: Answer,
        name: str,
        device: str,
        bound: float | None,
        say: Callable[[str], None],
    ) -> None:
        self._make, self._plain, self._name, self._print = make, plain, name, say
        self._device, self._bound = device, bound
        self._answer: Answer | None = None

    def __call__(self, pictures: Pictures) -> Floats:
        """Probabilities [B, classes] of pictures [B, H, W, C]."""
        if self._answer is None:
            self._answer = self._checked(pictures)
        return self._answer(pictures)

    def _checked(self, pictures: Pictures) -> Answer:
        try:
            made = self._make(pictures)
            found = made(pictures)[:CHECKED]
        except Exception as error:  # converters and compilers raise all kinds; torch answers in any case
            return self._give_up(f"it failed: {_first_line(error)}")
        with torch.autocast(self._device, enabled=False):
            expected = self._plain(pictures[:CHECKED])
        gap = float(np.abs(found - expected).max())
        if self._bound is not None and not gap <= self._bound:  # so written that NaN is a difference
            return self._give_up(f"its probabilities differ by {gap:.1g} from torch's")
        return made

    def _give_up(self, why: str) -> Answer:
        self._print(f"inference.backend={self._name} is not used, torch answers: {why}")
        return self._plain


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
