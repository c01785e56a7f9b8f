"""Build the distributions, check them, and use the wheel in empty environments. `make wheel-test` runs it.

    python -m tools.try_wheel [FOLDER]

1. The source distribution and the wheel are built from the files that git knows; both have valid metadata.
2. The wheel contains the package and nothing else; the source distribution builds the same wheel.
3. `sketchfit`, installed alone, prints its help and predicts with a bundle; what it cannot do, it names the extra for.
4. `sketchfit[serve]` answers a request.

Installations are from `lock.txt`, by uv.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import cv2

from tests.bundles import tiny_picture, write_tiny_bundle
from tools.wheel_contents import package_files, problems, same_files, wheel_files

ROOT = Path(__file__).parents[1]
SECONDS = 60.0
"""Until a service must be ready."""


def main() -> int:
    """Try everything; raise an error where something does not work."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(sys.argv[1] if sys.argv[1:] else temporary).resolve()
        wheel = build(work)
        write_tiny_bundle(work / "bundle")
        cv2.imwrite(str(work / "line.jpg"), tiny_picture("horizontal"))
        core = environment(work / "core", wheel)
        try_core(core, work)
        try_service(environment(work / "core", wheel, "serve"), work)
    print("the wheel works")
    return 0


def build(work: Path) -> Path:
    """Build both distributions and check them; return the wheel."""
    source = work / "source"
    for name in _printed(
        "git", "-C", ROOT, "ls-files", "src", "pyproject.toml", "*.md", "LICENSE", "MANIFEST.in"
    ).split():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    module = (sys.executable, "-m")
    _printed(
        *module, "build", "--installer", "uv", "--outdir", work / "dist", source
    )  # the wheel is built from the sdist
    _printed(*module, "build", "--installer", "uv", "--wheel", "--outdir", work / "direct", source)
    wheel, sdist = _only(work / "dist", "*.whl"), _only(work / "dist", "*.tar.gz")
    _printed(*module, "twine", "check", "--strict", wheel, sdist)
    files, direct = wheel_files(wheel), wheel_files(_only(work / "direct", "*.whl"))
    wrong = problems(files, wheel.stat().st_size, package_files(ROOT))
    wrong += [f"{name} differs if it is built from the source distribution" for name in same_files(files, direct)]
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"{wheel.name}: {len(files):,} files, {wheel.stat().st_size / 1e6:.1f} MB; {sdist.name} builds the same")
    return wheel


def environment(folder: Path, wheel: Path, extra: str = "") -> Path:
    """Install the wheel in an environment, made if necessary; return its Python."""
    uv = (sys.executable, "-m", "uv")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        _printed(*uv, "venv", "--quiet", "--python", sys.executable, folder)
    what = f"{wheel}[{extra}]" if extra else wheel
    _printed(*uv, "pip", "install", "--quiet", "--python", python, "--constraint", ROOT / "lock.txt", what)
    return python


def try_core(python: Path, work: Path) -> None:
    """Use what the core promises."""
    command = (python, "-m", "sketchfit")
    _expect("predict", _printed(*command, "--help", cwd=work))
    _expect("line.jpg,0,0,horizontal line", _printed(*command, "predict", "bundle", "line.jpg", cwd=work))
    loaded = "import sketchfit; print(sketchfit.load('bundle').predict('line.jpg')[0].name)"
    _expect("horizontal line", _printed(python, "-c", loaded, cwd=work))
    _expect("cpu", _printed(*command, "recipes", cwd=work))
    for arguments, extra in ((("serve", "bundle"), "serve"), (("check", "."), "train")):
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, cwd=work, env=_environ(), check=False
        )
        if done.returncode != 2:
            raise SystemExit(f"sketchfit {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
        _expect(f"pip install 'sketchfit[{extra}]'", done.stderr)
    print("sketchfit: --help, predict, load and recipes work; serve and check name their extra")


def try_service(python: Path, work: Path) -> None:
    """Start the service and send it an image."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [str(python), "-m", "sketchfit", "serve", "bundle", "--port", str(port)]
    with (work / "serve.log").open("w") as log:
        service = subprocess.Popen(arguments, cwd=work, env=_environ(), stdout=log, stderr=subprocess.STDOUT)
        try:
            answer = _answer(port, (work / "line.jpg").read_bytes())
        finally:
            service.terminate()
            service.wait(SECONDS)
    _expect("horizontal line", answer)
    print("sketchfit[serve]: the service predicts")


def _answer(port: int, image: bytes) -> str:
    """Return the response to an image, once the service is ready."""
    until = time.monotonic() + SECONDS
    while True:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/predict", image, {"Content-Type": "application/octet-stream"}
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return str(response.read().decode())
        except urllib.error.HTTPError as error:
            raise SystemExit(f"the service responds {error.code}: {error.read().decode()}") from error
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _printed(*command: object, cwd: Path | None = None) -> str:
    """Run a command; return what it prints. End with its errors where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, cwd=cwd, env=_environ(), check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _environ() -> dict[str, str]:
    """Return the environment without what would make this checkout visible."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _expect(part: str, text: str) -> None:
    if part not in text:
        raise SystemExit(f"{part!r} is not in:\n{text}")


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


if __name__ == "__main__":
    sys.exit(main())
