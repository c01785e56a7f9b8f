"""The JSON of requests and answers; OpenAPI is made from it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from sketchfit.bundle.predictions import LabelledImage


class ImageFailure(BaseModel):
    """An image without a prediction; the others of the request are not affected."""

    error: str = Field(description="Why it cannot be read, one sentence.")


class PredictAnswer(BaseModel):
    """One entry per image, in the order of the request."""

    predictions: list[LabelledImage | ImageFailure]


class ImagesRequest(BaseModel):
    """Images as JSON."""

    images: list[str] = Field(description="Image files in base64, also as data URLs.")


class RequestFailure(BaseModel):
    """A request without an answer."""

    error: str = Field(description="The reason, one sentence.")


class ServiceState(BaseModel):
    """Whether the service works."""

    status: str
