"""One network of a run for PyTorch: a copy of the module, and its input from any image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from sketchfit.config.recipe import Recipe
from sketchfit.data.given_images import GivenImage, decode_given
from sketchfit.data.stores import store_settings
from sketchfit.models.network import Normalisation, to_input
from sketchfit.models.saved_network import load_network
from sketchfit.runs.networks import NetworkFolder
from sketchfit.transforms.resample import resize

CPU = torch.device("cpu")


@dataclass(frozen=True)
class OneNetwork:
    """A trained network.

    Attributes:
        folder: of its weights.
        recipe: of its member.
        normalisation: of its input.
        classes: number of classes.
    """

    folder: NetworkFolder
    recipe: Recipe
    normalisation: Normalisation
    classes: int

    def module(self) -> nn.Module:
        """Return a new module on the CPU, in evaluation mode: images float [N, 3, size, size] to logits [N, C].

        Raises:
            UserError: the file of weights is missing or damaged.
        """
        return load_network(self.folder.path, self.recipe, self.classes).model.eval()

    def input(self, image: GivenImage) -> torch.Tensor:
        """Return an image as the module's input, float32 [3, size, size], as in training without augmentation.

        Raises:
            ImageError: it cannot be read.
        """
        settings = store_settings(self.recipe)
        pixels = decode_given(image, settings.max_pixels).pixels
        picture = torch.from_numpy(resize(settings.square(pixels)[0], self.recipe.model.size)[None])
        return to_input(picture, self.normalisation, CPU, channels_last=False)[0]
