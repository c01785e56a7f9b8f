"""One worker process: a bundle in memory, and the way of an image from a request to its answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from sketchfit.bundle.decode import upload
from sketchfit.bundle.model import BundleModel, NetworkAnswers
from sketchfit.bundle.predictions import Labeller
from sketchfit.data.decoders.decoded import ImageError
from sketchfit.processors import cores
from sketchfit.serving.admission import Admission
from sketchfit.serving.batching import Batcher
from sketchfit.serving.bodies import read_body
from sketchfit.serving.explaining import Explainer
from sketchfit.serving.metrics import Metrics
from sketchfit.serving.refused import Refused
from sketchfit.serving.settings import ServiceSettings
from sketchfit.serving.uploads import Part, Unusable, parse_uploads
from sketchfit.version import version

log = logging.getLogger(__name__)

SMALL = 64_000
"""Bytes of a body that is parsed without a thread."""


@dataclass(frozen=True)
class Prepared:
    """An image as the network's input.

    Attributes:
        picture: uint8 [size, size, C].
        damage: what is wrong with its file.
    """

    picture: NDArray[np.uint8]
    damage: str = ""


@dataclass(frozen=True)
class Answered:
    """What the network returned for an image.

    Attributes:
        answers: of one row.
        damage: what is wrong with its file.
    """

    answers: NetworkAnswers
    damage: str = ""


class Service:
    """What all requests of a worker process share; used in one event loop.

    Args:
        settings: of the service.
        model: the bundle.

    Attributes:
        settings, model: as given.
        labeller: makes predictions of probabilities.
        explainer: computes heat maps, and finds training drawings.
        admission: what is in work.
        metrics: figures.
        batcher: computes pictures.
        ready: whether requests are answered.
    """

    def __init__(self, settings: ServiceSettings, model: BundleModel) -> None:
        self.settings, self.model = settings, model
        self.labeller, self.explainer = Labeller(model.manifest), Explainer(model)
        self.admission = Admission(settings.capacity)
        self.metrics = Metrics(settings.metrics, version())
        self.ready = False
        self._decoding = 0
        self._decoders = ThreadPoolExecutor(cores(), thread_name_prefix="decoder")
        capacity = settings.capacity
        self.batcher = Batcher(
            model.predict_prepared, capacity.batch, capacity.wait, lambda: self._decoding, self._report
        )

    @classmethod
    def open(cls, settings: ServiceSettings) -> Service:
        """Open the bundle, and compare the answer to its test image.

        Raises:
            UserError: it cannot be opened, it gives other probabilities here, or it cannot reject images at the rate
                of the settings.
        """
        model = BundleModel.open(settings.bundle, settings.runtime, settings.worker_threads, int8=settings.int8)
        if not settings.int8:  # whose probabilities differ by more
            model.check()
        service = cls(settings, model)
        service.labeller.check(reject=settings.reject)
        return service

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer requests within the block."""
        self.batcher.start()
        self.ready = True
        try:
            yield
        finally:
            self.ready = False
            await self.batcher.stop()
            self.explainer.stop()
            self._decoders.shutdown(wait=False, cancel_futures=True)

    @asynccontextmanager
    async def images_of(self, request: Request, most: int | None = None) -> AsyncIterator[list[Part]]:
        """Yield the images of a request; they are in work until the block ends, at the deadline at the latest.

        Args:
            request: whose body was not read yet.
            most: images that it may hold; by default that of the settings.

        Raises:
            Refused: there is too much to do, or the request is refused.
        """
        limits, held = self.settings.limits, 1
        self.admission.admit(1)
        self._note_work()
        try:
            async with asyncio.timeout(limits.seconds):
                with self.admission.body() as counter:
                    kind = request.headers.get("content-type", "")  # the body is not kept by a name: parts are copies
                    parts = await self._parsed(await read_body(request, limits, counter), kind, most or limits.images)
                    self.admission.admit(len(parts) - held, held)
                    held = len(parts)
                    self._note_work()
                    yield parts
        except TimeoutError as error:
            raise Refused(503, f"no answer within {limits.seconds:g} seconds", retry=1) from error
        finally:
            self.admission.release(held)

    async def prepare(self, part: Part) -> Prepared:
        """Decode and prepare an image in a thread.

        Raises:
            ImageError: it cannot be read.
        """
        if isinstance(part, Unusable):
            raise ImageError(part.reason)
        self._decoding += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._decoders, self._prepared, part)
        finally:
            self._decoding -= 1

    async def answer(self, parts: Sequence[Part]) -> list[Answered | ImageError]:
        """Return what the network returns for each image, or why it cannot be read."""
        found = await asyncio.gather(*map(self._answered, parts))
        read = sum(isinstance(one, Answered) for one in found)
        self.metrics.images(read, len(found) - read)
        return list(found)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self.metrics.request(path, status, seconds)
        self._note_work()

    async def _answered(self, part: Part) -> Answered | ImageError:
        try:
            prepared = await self.prepare(part)
        except ImageError as error:
            return error
        return Answered(await self.batcher.submit(prepared.picture), prepared.damage)

    async def _parsed(self, body: bytes, content_type: str, most: int) -> list[Part]:
        if len(body) <= SMALL:
            return parse_uploads(body, content_type, most)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoders, parse_uploads, body, content_type, most)

    def _prepared(self, part: bytes) -> Prepared:
        decoded = upload(part, self.settings.limits.image)
        try:
            return Prepared(self.model.prepare(decoded.pixels), decoded.damage)
        except Exception as error:  # of OpenCV, or no memory: the other images of the request are answered
            log.warning("an image cannot be prepared", exc_info=True)
            raise ImageError("cannot be prepared") from error

    def _report(self, images: int, seconds: float) -> None:
        self.admission.learn(images, seconds)
        self.metrics.batch(images, seconds)
        self._note_work()

    def _note_work(self) -> None:
        self.metrics.in_work(self.admission.images, self.batcher.waiting)
