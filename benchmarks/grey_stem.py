"""Is it worth folding a backbone's first convolution to one channel where the store is grey?

    python benchmarks/grey_stem.py [--backbone mobilenetv2_100] [--size 128] [--batch 64] [--rounds 15]

Processor time of inference, bytes to logits, on one thread (so that other work on the machine counts little): the
network as it is (grey is repeated by `to_input`) and the same with its first convolution summed over the channels and
fed one channel, in turn. Normalisation is equal over the channels here, which is where folding is exact; the largest
difference between the two's logits is printed next to the times.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from sketchfit._timm import timm
from sketchfit.models.network import Normalisation, to_input

MEAN, STD = 0.5, 0.25


def folded(model: nn.Module) -> nn.Module:
    """A copy whose first convolution takes one channel that stands for three equal ones."""
    copied = copy.deepcopy(model)
    name, first = next((n, m) for n, m in copied.named_modules() if isinstance(m, nn.Conv2d))
    if first.in_channels != 3 or first.groups != 1:
        raise SystemExit(f"the first convolution, {name}, does not take three channels")
    first.weight = nn.Parameter(first.weight.sum(dim=1, keepdim=True))
    first.in_channels = 1
    return copied


def one_channel(images: Tensor) -> Tensor:
    """What `to_input` gives, for one channel."""
    floats = (images.permute(0, 3, 1, 2).float() - MEAN * 255) / (STD * 255)
    return floats.contiguous(memory_format=torch.channels_last)


def seconds(task: Callable[[], Tensor]) -> float:
    began = time.process_time()
    task()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", default="mobilenetv2_100")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = timm.create_model(options.backbone, num_classes=345).eval().to(memory_format=torch.channels_last)
    small = folded(model).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.randint(0, 256, (options.batch, options.size, options.size, 1), dtype=torch.uint8)
    same = Normalisation((MEAN,) * 3, (STD,) * 3)
    device = torch.device("cpu")
    ways: dict[str, Callable[[], Tensor]] = {
        "three channels": lambda: model(to_input(images, same, device, channels_last=True)),
        "folded to one": lambda: small(one_channel(images)),
    }
    with torch.inference_mode():
        logits = [way() for way in ways.values()]
        difference = float((logits[0] - logits[1]).abs().max() / logits[0].abs().max())
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                times[name].append(seconds(way))
    print(
        f"{options.backbone} at {options.size} px, batch {options.batch}, one thread, {options.rounds} rounds in turn"
    )
    for name, taken in times.items():
        print(f"{name:<16}median {1e3 * statistics.median(taken):7.1f} ms   least {1e3 * min(taken):7.1f} ms per batch")
    ratios = [one / other for one, other in zip(*times.values(), strict=True)]
    least = min(times["three channels"]) / min(times["folded to one"])
    print(f"three channels take {statistics.median(ratios):.3f} times as long (median), {least:.3f} by the least times")
    print(f"largest difference of logits, relative: {difference:.1e}")


if __name__ == "__main__":
    main()
