"""Heads in closed form. Each file registers one kind under the name that `training.kernel.head` has in recipes."""

from sketchfit.bank.closed_form import ClosedForm
from sketchfit.registry import Registry

closed_forms: Registry[ClosedForm] = Registry("head in closed form", "sketchfit.closed_forms", __name__)
