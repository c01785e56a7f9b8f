"""`sketchfit.export`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sketchfit.api.call import check_paths, public_call

if TYPE_CHECKING:
    from sketchfit.bundle.manifest import BundleManifest
    from sketchfit.runs.estimates import Estimate


@dataclass(frozen=True)
class ExportResult:
    """A network that was exported.

    Attributes:
        path: folder of the bundle, or the file.
        network: the network's folder in the run.
        manifest: of a bundle: what it holds, how images are prepared, accuracy; None for a file.
        metadata: what a file has in its metadata; empty for a bundle.
    """

    path: Path
    network: str
    manifest: BundleManifest | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def accuracy(self) -> Estimate | None:
        """Out-of-fold accuracy of the network of a bundle; None where it has not been measured."""
        return None if self.manifest is None else self.manifest.accuracy.network


def export(
    run: str | Path,
    out: str | Path,
    *,
    member: str | None = None,
    fold: int | None = None,
    also: Sequence[Literal["openvino", "int8", "torch"]] = (),
    int8_loss: float = 0.01,
    neighbours: bool = False,
    licence: str | None = None,
    partial: bool = False,
) -> ExportResult:
    """Export one network of a run: as a bundle with preprocessing, labels and accuracy, or as one file.

    Args:
        run: a run's folder.
        out: folder of the bundle, which is replaced where it is one already; or a file: `.onnx`, or `.xml` for
            OpenVINO. A file predicts as the network does alone; the other arguments but `member` and `fold` are of
            bundles.
        member: whose network; None: in a bundle the best one's, in a file the only one's.
        fold: the network of this fold; None: the one of all rows, where there is one.
        also: further forms of the network in the bundle.
        int8_loss: accuracy that the form `int8` may lose, as a proportion: 0.01 is one point.
        neighbours: add up to 2,000 training drawings, shown next to answers. This publishes them.
        licence: of the network; None: that of its weights.
        partial: also of a run that is not finished.

    Returns:
        The path, which network it is, and its accuracy.

    Raises:
        RunError: no finished run, or no such network.
        MissingPackageError: ONNX, ONNX Runtime or OpenVINO is not installed.
        UserError: there is no such member or form, the network cannot be converted, another folder is in the place,
            the licence is not allowed, or another mistake.

    Examples:
        >>> import sketchfit
        >>> exported = sketchfit.export("runs/first", "bundle")
        >>> exported.manifest.labels
        ('0', '1', '2', '3')
        >>> sketchfit.load(exported.path).proba("drawing.png").shape
        (1, 4)
    """
    with public_call(writes="export"):
        check_paths(run=run, out=out)
        path = Path(out)
        from sketchfit.commands.bundle.options import BundleOptions, parse_also
        from sketchfit.commands.bundle.place import FORMATS, check_folder

        if path.suffix in FORMATS:
            from sketchfit.commands.export import export as export_file

            found = export_file(run, path, FORMATS[path.suffix], member=member, fold=fold, partial=partial)
            return ExportResult(path, found["network"], metadata=found)
        check_folder(path)
        options = BundleOptions(member, fold, neighbours, parse_also(also), int8_loss, licence)
        from sketchfit.commands.bundle.export import export_bundle

        manifest, _ = export_bundle(run, path, options, partial=partial)
        return ExportResult(path, manifest.network.name, manifest)
