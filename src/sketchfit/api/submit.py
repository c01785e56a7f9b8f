"""`sketchfit.submit`."""

from __future__ import annotations

from pathlib import Path

from sketchfit.api.call import check_paths, public_call


def submit(
    run: str | Path,
    *,
    probabilities: str | Path | None = None,
    partial: bool = False,
    out: str | Path | None = None,
) -> Path:
    """Write a run's submission again from its test probabilities.

    Args:
        run: a run's folder.
        probabilities: CSV to write too: the sample's key columns and one column per class.
        partial: also of a run that is not finished, with a warning.
        out: CSV to write instead of the run's own. The folder of the run is then only read, so it may be one in
            progress.

    Returns:
        The submission's path.

    Raises:
        RunError: no finished run, or another process writes into its folder and no other place is given.
        DataError: its tables are gone or have changed, or there are no test rows.
        MissingPackageError: a package is not installed.
        UserError: a file cannot be written, or another mistake.

    Examples:
        >>> import sketchfit
        >>> path = sketchfit.submit("runs/first", out="mine.csv")
        >>> path.read_text().splitlines()[0]
        'ID,image_path,target'
    """
    with public_call(writes="submit"):
        check_paths(run=run, probabilities=probabilities, out=out)
        from sketchfit.commands.submit import SubmitOptions
        from sketchfit.commands.submit import submit as write_submission

        return write_submission(run, SubmitOptions(probabilities, partial, out))
