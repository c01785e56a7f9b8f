"""Changes of tone and sharpness by cameras, scanners and file formats."""

from __future__ import annotations

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field
from typing_extensions import override

from sketchfit.transforms.operations import operations
from sketchfit.transforms.ops import (
    AmountRange,
    Picture,
    Pixel,
    PositiveRange,
    Range,
    Tone,
    Uniforms,
    between,
    paper_after,
    pixels,
)

_RAMP = np.arange(256, dtype=np.uint8).reshape(1, 256)


@operations.register("brightness_contrast")
class BrightnessContrast(Tone):
    """Scales values around middle grey, then shifts them."""

    draws: ClassVar[int] = 2
    neutral: ClassVar[dict[str, float]] = {"brightness": 0.0, "contrast": 0.0}

    op: Literal["brightness_contrast"] = "brightness_contrast"
    brightness: Range = (-0.15, 0.15)
    """Shift as a share of 255."""
    contrast: Range = (-0.2, 0.2)
    """The distance of values from middle grey is multiplied by 1 plus this."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        gain = 1 + between(self.contrast, u[1])
        shift = 127.5 * (1 - gain) + 255 * between(self.brightness, u[0])
        return cv2.addWeighted(_RAMP, gain, _RAMP, 0.0, shift).reshape(256)  # type: ignore[return-value]


@operations.register("gamma")
class Gamma(Tone):
    """Raises values, as shares of 255, to a power."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"power": 1.0}

    op: Literal["gamma"] = "gamma"
    power: PositiveRange = (0.6, 1.6)
    """Above 1 pale strokes get darker, below 1 lighter; uniform on a logarithmic scale."""

    @override
    def table(self, channels: int, paper: Picture, u: Uniforms) -> Picture:
        power = self.power[0] * (self.power[1] / self.power[0]) ** u[0]
        return np.rint(255 * (np.arange(256) / 255) ** power).astype(np.uint8)  # type: ignore[no-any-return]


@operations.register("noise")
class Noise(Pixel):
    """Gaussian noise on each value, as of a sensor."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"sd": 0.0}

    op: Literal["noise"] = "noise"
    sd: AmountRange = (0.01, 0.06)
    """Standard deviation as a share of 255."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        noise = rng.standard_normal(image.shape, dtype=np.float32)
        noise *= np.float32(255 * between(self.sd, u[0]))
        return cv2.add(image, noise, dtype=cv2.CV_8U).reshape(image.shape), paper  # type: ignore[return-value]


@operations.register("blur")
class Blur(Pixel):
    """Gaussian blur."""

    draws: ClassVar[int] = 1

    op: Literal["blur"] = "blur"
    sigma: PositiveRange = (0.3, 0.9)
    """Standard deviation in 128ths of the image's side."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        return _blurred(image, pixels(between(self.sigma, u[0]), image)), paper

    @override
    def scaled(self, magnitude: float) -> Blur:
        """Move the range towards a negligible blur."""
        low, high = self.sigma
        return self.model_copy(update={"sigma": (0.2 + magnitude * (low - 0.2), 0.2 + magnitude * (high - 0.2))})


@operations.register("unsharp")
class Unsharp(Pixel):
    """Unsharp mask: adds the difference from a blurred copy."""

    draws: ClassVar[int] = 1
    neutral: ClassVar[dict[str, float]] = {"amount": 0.0}

    op: Literal["unsharp"] = "unsharp"
    amount: AmountRange = (0.3, 1.5)
    """Factor of the difference that is added."""
    sigma: float = Field(1.0, gt=0)
    """The blur's standard deviation in 128ths of the image's side."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        amount = between(self.amount, u[0])
        soft = _blurred(image, pixels(self.sigma, image))
        return cv2.addWeighted(image, 1 + amount, soft, -amount, 0).reshape(image.shape), paper  # type: ignore[return-value]


@operations.register("jpeg")
class Jpeg(Pixel):
    """JPEG compression."""

    draws: ClassVar[int] = 1

    op: Literal["jpeg"] = "jpeg"
    quality: PositiveRange = (30.0, 80.0)
    """JPEG quality, 1 to 100."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        colour = image.shape[2] == 3
        source = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if colour else image
        quality = min(max(round(between(self.quality, u[0])), 1), 100)
        _, code = cv2.imencode(".jpg", source, [cv2.IMWRITE_JPEG_QUALITY, quality])
        back = cv2.imdecode(code, cv2.IMREAD_COLOR_RGB if colour else cv2.IMREAD_GRAYSCALE)
        return back.reshape(image.shape), paper  # type: ignore[return-value, union-attr]

    @override
    def scaled(self, magnitude: float) -> Jpeg:
        """Move the range towards quality 95."""
        low, high = self.quality
        return self.model_copy(update={"quality": (95 + magnitude * (low - 95), 95 + magnitude * (high - 95))})


@operations.register("clahe")
class Clahe(Pixel):
    """Contrast-limited adaptive histogram equalisation (CLAHE); of the lightness in coloured images.

    Zuiderveld, *Contrast limited adaptive histogram equalization* (Graphics Gems IV, 1994).
    """

    draws: ClassVar[int] = 1

    op: Literal["clahe"] = "clahe"
    clip: PositiveRange = (1.0, 4.0)
    """Contrast limit; 1 has hardly any effect."""
    tiles: int = Field(4, ge=1, le=32)
    """Tiles along a side."""

    @override
    def apply(self, image: Picture, paper: Picture, u: Uniforms, rng: np.random.Generator) -> tuple[Picture, Picture]:
        engine = cv2.createCLAHE(between(self.clip, u[0]), (self.tiles, self.tiles))
        if image.shape[2] == 1:
            out = engine.apply(image).reshape(image.shape)
        else:
            lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
            lab[..., 0] = engine.apply(np.ascontiguousarray(lab[..., 0]))
            out = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
        return out, paper_after(image, out, paper)  # type: ignore[return-value, arg-type]


def _blurred(image: Picture, sigma: float) -> Picture:
    side = 2 * max(1, round(3 * sigma)) + 1
    return cv2.GaussianBlur(image, (side, side), sigma, borderType=cv2.BORDER_REPLICATE).reshape(image.shape)  # type: ignore[return-value]
