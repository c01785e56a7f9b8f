"""Recognise the parts of a data set: tables, class folders, folders of images, sample submission."""

from sketchfit.data.layouts.find import LAYOUTS, find_layout
from sketchfit.data.layouts.found import Found, Layout
from sketchfit.data.layouts.parts import ClassFolder, Part
from sketchfit.data.split_names import Role

__all__ = ["LAYOUTS", "ClassFolder", "Found", "Layout", "Part", "Role", "find_layout"]
