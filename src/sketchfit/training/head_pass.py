"""Outputs of a backbone with a head on them: one pass per picture gives features and logits.

The kernel head, its temperature, and the probabilities of validation and test rows are computed from these arrays.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from sketchfit.bank.extractor import Extractor
from sketchfit.bank.features import FeaturePass
from sketchfit.bank.kernel import CHUNK
from sketchfit.bank.temperature import probabilities
from sketchfit.data.store import Store
from sketchfit.models.feature_network import FeatureNetwork
from sketchfit.runs.large_arrays import empty_array
from sketchfit.tracking.console import ONCE, Console
from sketchfit.training.job import FitJob
from sketchfit.training.kernel_views import NamedPicture
from sketchfit.training.stored_outputs import StoredOutputs

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Outputs:
    """What a backbone returns for rows, per picture of the head.

    Attributes:
        features: float32 [n, D] each.
        own: logits of the backbone's own head, float32 [n, C] each; none of a frozen backbone, whose head is random.
    """

    features: tuple[Floats, ...]
    own: tuple[Floats, ...]


@dataclass(frozen=True)
class HeadPass:
    """Computes the outputs of a backbone; those of the validation rows are kept.

    Attributes:
        job: of the training.
        extractor: of the backbone.
        pictures: of the head.
        console: for the bar of a frozen backbone's pass.
        stored: computes the outputs of a backbone whose lower part is frozen; None: they are computed from pictures.
    """

    job: FitJob
    extractor: Extractor
    pictures: Sequence[NamedPicture]
    console: Console
    stored: StoredOutputs | None
    _kept: list[Outputs] = field(init=False, default_factory=list, compare=False, repr=False)

    @classmethod
    def of(cls, job: FitJob, extractor: Extractor, pictures: Sequence[NamedPicture], console: Console) -> HeadPass:
        """Return the pass; that of a trained backbone takes the logits as well."""
        if job.recipe.training.epochs == 0:
            return cls(job, extractor, pictures, console, None)
        extractor = replace(extractor, pooling=extractor.pooling.with_logits())
        return cls(job, extractor, pictures, console, StoredOutputs.of(job, extractor))

    @property
    def widths(self) -> tuple[int, ...]:
        """Columns per block of the features."""
        pooling = self.extractor.pooling
        return pooling.widths[:-1] if pooling.logits else pooling.widths

    def train(self) -> Outputs:
        """Return the outputs of the training rows."""
        return self._outputs(self.job.store, self.job.train_rows)

    def valid(self) -> Outputs:
        """Return the outputs of the validation rows."""
        if not self._kept:
            self._kept.append(self._outputs(self.job.store, self.job.valid_rows))
        return self._kept[0]

    def own_accuracy(self) -> float:
        """Return the accuracy of the backbone's own head on the validation rows, of which there is at least one."""
        label = self.job.label[self.job.valid_rows]
        return float((self.valid().own[0].argmax(axis=1) == label).mean())

    def of_rows(self, store: Store, rows: Rows) -> Outputs:
        """Return the outputs of rows of a store."""
        if store is self.job.store and np.array_equal(rows, self.job.valid_rows):
            return self.valid()
        return self._outputs(store, rows)

    def _outputs(self, store: Store, rows: Rows) -> Outputs:
        found = [self._of_picture(store, rows, picture) for picture in self.pictures]
        columns = sum(self.widths)
        own = tuple(one[:, columns:] for one in found) if self.extractor.pooling.logits else ()
        return Outputs(tuple(one[:, :columns] for one in found), own)

    def _of_picture(self, store: Store, rows: Rows, picture: NamedPicture) -> Floats:
        """Return the outputs for a picture, float32 [n, …]; those of a frozen backbone are shared by folds and runs."""
        if not len(rows):
            return np.zeros((0, sum(self.extractor.pooling.widths)), dtype=np.float32)
        if self.extractor.pooling.logits:
            return self._of_trained(store, rows, picture)
        bank = FeaturePass(self.job.recipe, self.extractor, self.console, picture.name, picture.make)
        return bank.features(store).rows(rows)

    def _of_trained(self, store: Store, rows: Rows, picture: NamedPicture) -> Floats:
        if self.stored is not None:
            try:
                return self.stored.of_rows(store, rows, picture)
            except (OSError, FloatingPointError) as error:
                log.warning(f"outputs of frozen layers are not stored: {error}", extra={ONCE: "stored outputs"})
        return self.extractor.of_rows(store, rows, picture.make)


@dataclass(frozen=True)
class HeadPredictor:
    """Predicts as a `Predictor` of the network does, and computes no output of the backbone twice.

    Attributes:
        model: with its head, on the device of `outputs`.
        outputs: of the model's backbone.
    """

    model: FeatureNetwork
    outputs: HeadPass

    def probabilities(self, store: Store, rows: Rows) -> Floats:
        """Return probabilities float32 [n, C] of rows int64 [n] of a store; rows sum to 1."""
        return probabilities(self.logits(self.outputs.of_rows(store, rows)), 1.0)

    def logits(self, outputs: Outputs) -> Floats:
        """Return logits float32 [n, C]."""
        return logits_of(self.model, outputs, self.outputs.extractor.compute.device)


def logits_of(model: FeatureNetwork, outputs: Outputs, device: torch.device) -> Floats:
    """Return the logits float32 [n, C] that a network, which is on a device, computes from its backbone's outputs."""
    count = len(outputs.features[0])
    found = empty_array((count, model.num_classes), np.float32)
    with torch.inference_mode():
        for start in range(0, count, CHUNK):
            features, own = (
                [torch.from_numpy(one[start : start + CHUNK]).to(device) for one in each]
                for each in (outputs.features, outputs.own)
            )
            found[start : start + CHUNK] = model.logits_of(features, own).cpu().numpy()
    return found
