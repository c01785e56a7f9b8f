"""Memory of large images is returned to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CODE = """
import sys, psutil, numpy as np
from sketchfit.serving.allocator import return_large_blocks
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_large_blocks_are_returned() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 20 << 20
