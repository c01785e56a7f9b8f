"""Memory that is kept between steps: a large block that was freed costs no new pages."""

import platform
import subprocess
import sys
from pathlib import Path

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
faults = []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        step()
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(min(faults))
"""


def page_faults(keep: bool) -> int:
    """Pages that the kernel had to give for four steps, after four others, in a process of its own: the fewest of three
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
