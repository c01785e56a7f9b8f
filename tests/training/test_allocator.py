"""Memory that is kept between steps: a large block that was freed costs no new pages."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import torch
from sketchfit.training.allocator import keep_freed_memory

assert keep_freed_memory() or sys.argv[1] == "default"


def step():  # activations as a network's: kept until the backward pass, filled, so that every page is touched
    blocks = [torch.ones(size) for size in (12_000_000, 10_000_000, 14_000_000)]
    while blocks:
        blocks.pop()


for _ in range(4):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep: bool) -> int:
    """Pages that the kernel had to give for four steps, after four others, in a process of its own."""
    code = FAULTS if keep else FAULTS.replace("keep_freed_memory() or", "")
    done = subprocess.run(
        [sys.executable, "-c", code, "keep" if keep else "default"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_a_freed_block_is_used_again_without_new_pages() -> None:
    kept, default = page_faults(keep=True), page_faults(keep=False)
    if default < 1000:
        pytest.skip("the kernel gives huge pages, so few that nothing can be told from their number")
    assert kept < default / 4  # a heap that has to grow once more costs one block of the twelve
