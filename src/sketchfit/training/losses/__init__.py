"""Losses over soft targets, one idea a file; `build_loss` makes the one that a recipe asks for."""

from sketchfit.training.losses.build import Loss, build_loss, list_losses

__all__ = ["Loss", "build_loss", "list_losses"]
