"""Packages that a command needs and that are not installed: one sentence with the command that installs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sketchfit.errors import MissingPackageError

EXTRAS = {
    "train": (
        "accelerate", "jinja2", "markupsafe", "openpyxl", "pandas", "pyarrow", "safetensors", "scipy", "simplejpeg",
        "sklearn", "threadpoolctl", "timm", "torch", "torchvision",
    ),
    "serve": ("httptools", "python_multipart", "starlette", "uvicorn", "uvloop"),
    "deploy": ("huggingface_hub",),
    "fast": ("onnx", "openvino"),
    "report": ("captum",),
    "cluster": ("ray",),
    "notify": ("apprise",),
    "formats": ("pi_heif", "resvg_py"),
    "search": ("optuna",),
    "tracking": ("mlflow", "tensorboard", "wandb"),
}  # fmt: skip
"""Modules by the extra that installs them."""


@contextmanager
def installed_packages() -> Iterator[None]:
    """Raise the user's error where the block imports a package of an extra that is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (found := not_installed(error)) is None:
            raise
        raise found from error


def not_installed(error: ModuleNotFoundError) -> MissingPackageError | None:
    """Return the error for a package that an extra installs; None for any other module.

    Examples:
        >>> not_installed(ModuleNotFoundError(name="torch.nn")).hint
        "pip install 'sketchfit[train]'"
        >>> not_installed(ModuleNotFoundError(name="nothing")) is None
        True
    """
    module = (error.name or "").partition(".")[0]
    extra = next((name for name, modules in EXTRAS.items() if module in modules), None)
    if extra is None:
        return None
    return MissingPackageError(
        f"this command needs {module}, which is not installed", f"pip install 'sketchfit[{extra}]'"
    )
