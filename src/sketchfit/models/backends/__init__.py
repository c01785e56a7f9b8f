"""Backends, one per file: torch, or the trained network converted for a runtime on the CPU.

Each file registers its backend under the name that `inference.backend` has in recipes. The files import torch and the
runtimes inside their functions, because recipes are checked before torch is imported.
"""

from sketchfit.models.backend import BackendKind
from sketchfit.registry import Registry

backends: Registry[type[BackendKind]] = Registry("backend", "sketchfit.backends", __name__)
