"""Recognise the parts of a data set: tables, class folders, folders of images, sample submission."""

from sketchfit.data.layouts.find import LAYOUTS, find_layout
from sketchfit.data.layouts.found import Contents, Layout
from sketchfit.data.layouts.parts import ClassFolder, SplitPart
from sketchfit.data.split_names import Role

__all__ = ["LAYOUTS", "ClassFolder", "Contents", "Layout", "Role", "SplitPart", "find_layout"]
