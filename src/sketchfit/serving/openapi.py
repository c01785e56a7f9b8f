"""The description of all addresses, in the format of OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sketchfit.bundle.explain import Explanation
from sketchfit.bundle.page_facts import PageFacts
from sketchfit.serving.schemas import ImagesRequest, PredictAnswer, RequestFailure, ServiceState
from sketchfit.version import version

PLACE = "#/components/schemas/{model}"
MODELS = (PredictAnswer, ImagesRequest, RequestFailure, ServiceState, Explanation, PageFacts)

REASONS = {
    400: "The request cannot be parsed, or a parameter is wrong.",
    401: "The bearer token is missing or wrong.",
    408: "The request did not arrive in time.",
    413: "The request is too large, or holds too many images.",
    415: "The content type is another.",
    422: "No image of the request can be read.",
    429: "The service is busy; `Retry-After` holds the seconds to wait.",
    503: "There was no answer in time.",
}
REFUSALS = (400, 401, 408, 413, 415, 429, 503)


@dataclass(frozen=True)
class Parameter:
    """A parameter in the address: its name, JSON type and purpose."""

    name: str
    kind: str
    text: str

    def described(self) -> dict[str, Any]:
        """Return it as OpenAPI."""
        return {"name": self.name, "in": "query", "description": self.text, "schema": {"type": self.kind}}


@dataclass(frozen=True)
class Address:
    """One address.

    Attributes:
        path, method, summary: of it.
        answer: its JSON; None: plain text.
        parameters: in the address.
        takes_images: whether the request holds images.
        open: whether no token is needed.
    """

    path: str
    method: str
    summary: str
    answer: type[BaseModel] | None
    parameters: tuple[Parameter, ...] = ()
    takes_images: bool = False
    open: bool = False

    def described(self) -> dict[str, Any]:
        """Return it as OpenAPI."""
        kind, schema = (
            ("application/json", _reference(self.answer)) if self.answer else ("text/plain", {"type": "string"})
        )
        answers: dict[str, Any] = {"200": {"description": self.summary, "content": {kind: {"schema": schema}}}}
        for status in REFUSALS if self.takes_images else () if self.open else (401,):
            answers[str(status)] = _refusal(status, RequestFailure)
        if self.takes_images:
            answers["422"] = _refusal(422, PredictAnswer if self.answer is PredictAnswer else RequestFailure)
        found: dict[str, Any] = {"summary": self.summary, "responses": answers}
        if self.parameters:
            found["parameters"] = [one.described() for one in self.parameters]
        if self.takes_images:
            found["requestBody"] = {"required": True, "content": _image_bodies()}
        return found | ({"security": []} if self.open else {})


ADDRESSES = (
    Address(
        "/predict",
        "post",
        "Label images. One that cannot be read fails alone.",
        PredictAnswer,
        (
            Parameter("top", "integer", "Number of classes per image; 5 by default."),
            Parameter("coverage", "number", "Coverage of prediction sets, as 0.95; one that the bundle has."),
            Parameter("reject", "number", "Share of images of known classes that may be called unknown, as 0.05."),
        ),
        takes_images=True,
    ),
    Address(
        "/explain",
        "post",
        "Explain the answer to one image: a heat map, and the nearest training drawings.",
        Explanation,
        (Parameter("label", "string", "Class to explain; the most probable one by default."),),
        takes_images=True,
    ),
    Address("/model", "get", "Labels, accuracy and preprocessing of the model.", PageFacts),
    Address("/health", "get", "Whether the process answers.", ServiceState, open=True),
    Address("/ready", "get", "Whether images are answered now; status 503 where not.", ServiceState, open=True),
    Address("/metrics", "get", "Figures for Prometheus.", None),
)


@lru_cache(maxsize=1)
def specification() -> dict[str, Any]:
    """Return the description. Not to be changed."""
    _, definitions = models_json_schema([(model, "serialization") for model in MODELS], ref_template=PLACE)
    return {
        "openapi": "3.1.0",
        "info": {"title": "sketchfit", "version": version()},
        "security": [{"token": []}, {}],
        "paths": {one.path: {one.method: one.described()} for one in ADDRESSES},
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": PLACE.format(model=model.__name__)}


def _refusal(status: int, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": REASONS[status], "content": {"application/json": {"schema": _reference(model)}}}


def _image_bodies() -> dict[str, Any]:
    binary = {"type": "string", "format": "binary"}
    files = {"type": "object", "properties": {"images": {"type": "array", "items": binary}}}
    return {
        "image/*": {"schema": binary},
        "multipart/form-data": {"schema": files},
        "application/json": {"schema": _reference(ImagesRequest)},
    }
