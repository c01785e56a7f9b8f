"""A large block that was freed costs a training no new pages, and a service returns it to the system."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = """
import resource, sys
import torch
from sketchfit.allocator import keep_freed_memory

assert keep_freed_memory() or sys.argv[1] == "default"


def step():  # activations as a network's: kept until the backward pass, filled, so that every page is touched
    blocks = [torch.ones(size) for size in (12_000_000, 10_000_000, 14_000_000)]
    while blocks:
        blocks.pop()


for _ in range(4):
    step()
faults = []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        step()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults))
"""


def page_faults(keep: bool) -> int:
    """Pages that the kernel had to give for four steps, after four others, in a separate process: the fewest of three
    times, for the heap may have to grow once more."""
    code = FAULTS if keep else FAULTS.replace("keep_freed_memory() or", "")
    done = subprocess.run(
        [sys.executable, "-c", code, "keep" if keep else "default"], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def huge_pages() -> bool:
    """Whether the kernel gives pages of 2 MB unasked: so few that nothing can be told from their number."""
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return setting.is_file() and "[always]" in setting.read_text()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
@pytest.mark.skipif(huge_pages(), reason="the kernel gives huge pages unasked")
def test_a_freed_block_is_used_again_without_new_pages() -> None:
    kept, default = page_faults(keep=True), page_faults(keep=False)
    assert default > 1000
    assert kept < default / 20


RETURNED = """
import sys, psutil, numpy as np
from sketchfit.allocator import return_large_blocks
assert return_large_blocks()
process = psutil.Process()
for size in (8 << 20, 16 << 20, 30 << 20):
    np.ones(size, np.uint8)  # freed at once: glibc would raise its limit now
before = process.memory_info().rss
blocks = [np.ones(20 << 20, np.uint8) for _ in range(10)]
small = [bytes(1000) for _ in range(1000)]
del blocks
print(process.memory_info().rss - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_large_blocks_are_returned() -> None:
    done = subprocess.run([sys.executable, "-c", RETURNED], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20 << 20
