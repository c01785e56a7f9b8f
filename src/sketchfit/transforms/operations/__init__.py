"""Operations of augmentation policies. Each file registers its operations under the names in policies."""

from sketchfit.registry import Registry, named_by
from sketchfit.transforms.ops import Op

operations: Registry[type[Op]] = Registry("operation", "sketchfit.operations", __name__, check=named_by(Op, "op"))
