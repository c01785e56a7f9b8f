"""The addresses of a service, and what each of them answers."""

from __future__ import annotations

import numpy as np
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sketchfit.bundle.page_facts import page_facts
from sketchfit.bundle.predictions import LabelledImage
from sketchfit.data.decoders.decoded import ImageError
from sketchfit.errors import UserError
from sketchfit.serving import metrics, openapi
from sketchfit.serving.page import page_routes
from sketchfit.serving.queries import PredictQuery
from sketchfit.serving.reference_page import PAGE_POLICY, reference_page
from sketchfit.serving.refused import Refused
from sketchfit.serving.schemas import ImageFailure, PredictAnswer
from sketchfit.serving.service import Answered, Service

JSON = "application/json"


def service_of(request: Request) -> Service:
    """Return what the requests of this process share."""
    found: Service = request.app.state.service
    return found


async def predict(request: Request) -> Response:
    """Label the images of a request; 422 where none of them can be read."""
    service = service_of(request)
    async with service.images_of(request) as parts:
        query = PredictQuery.of(request.query_params, service.settings.reject)
        query.check(len(parts))
        _check_rules(service, query)
        answers = await service.answer(parts)
    answer = PredictAnswer(predictions=_entries(service, answers, query))
    status = 200 if any(isinstance(one, Answered) for one in answers) else 422
    return Response(answer.model_dump_json(exclude_none=True), status, media_type=JSON)


def _check_rules(service: Service, query: PredictQuery) -> None:
    """Refuse what the bundle cannot state, before images are computed.

    Raises:
        Refused: it has no rule for the query's coverage or rate of rejection (400).
    """
    try:
        service.labeller.check(query.coverage, query.reject)
    except UserError as error:
        raise Refused(400, ". ".join(filter(None, [*error.problems, error.hint]))) from error


def _entries(
    service: Service, answers: list[Answered | ImageError], query: PredictQuery
) -> list[LabelledImage | ImageFailure]:
    """Return what is known of each image, in order."""
    read = [one for one in answers if isinstance(one, Answered)]
    classes = len(service.model.labels)
    probs = np.concatenate([np.zeros((0, classes), np.float32), *(one.answers.probabilities for one in read)])
    found = service.labeller.predictions(probs, top=query.top, coverage=query.coverage, reject=query.reject)
    known = iter(
        prediction.model_copy(update={"damage": one.damage or None})
        for prediction, one in zip(found, read, strict=True)
    )
    return [next(known) if isinstance(one, Answered) else ImageFailure(error=str(one)) for one in answers]


async def explain(request: Request) -> Response:
    """Explain the answer to one image: a heat map, and the nearest training drawings."""
    service = service_of(request)
    async with service.images_of(request, most=1) as parts:
        try:
            prepared = await service.prepare(parts[0])
        except ImageError as error:
            raise Refused(422, str(error)) from error
        found = await service.explainer.explain(prepared.picture, request.query_params.get("label"))
    return Response(found.model_dump_json(), media_type=JSON)


async def model(request: Request) -> Response:
    """Return what is known of the bundle: labels, accuracy, preprocessing."""
    service = service_of(request)
    facts = page_facts(service.model.manifest, service.explainer.neighbours is not None)
    return Response(facts.model_dump_json(), media_type=JSON)


async def health(_request: Request) -> Response:
    """Return that the process answers."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Return whether images are answered now; 503 where not."""
    service = service_of(request)
    if service.ready and service.batcher.works:
        return JSONResponse({"status": "ready"})
    return JSONResponse({"status": "not ready"}, 503)


async def figures(request: Request) -> Response:
    """Return the metrics for Prometheus."""
    return PlainTextResponse(service_of(request).metrics.text(), media_type=metrics.CONTENT_TYPE)


async def specification(_request: Request) -> Response:
    """Return the description of all addresses for programs."""
    return JSONResponse(openapi.specification())


async def documentation(_request: Request) -> Response:
    """Return the description of all addresses for people."""
    return HTMLResponse(reference_page(), headers={"Content-Security-Policy": PAGE_POLICY})


def routes() -> list[Route]:
    """Return all addresses."""
    return [
        Route("/predict", predict, methods=["POST"]),
        Route("/explain", explain, methods=["POST"]),
        Route("/model", model),
        Route("/health", health),
        Route("/ready", ready),
        Route("/metrics", figures),
        Route("/openapi.json", specification),
        Route("/docs", documentation),
        *page_routes(),
    ]
