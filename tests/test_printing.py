from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sketchfit.printing import LenientStream, echo, encodable, lenient, lenient_streams, print_data

SOURCE = Path(__file__).resolve().parents[1] / "src"
ENCODINGS = ("ascii", "cp949", "latin-1", "cp1252", "utf-8", "utf-16")


@given(st.text(st.characters(), max_size=20), st.sampled_from(ENCODINGS))
def test_any_text_becomes_one_of_the_encoding(text: str, encoding: str) -> None:
    shown = encodable(text, encoding)
    shown.encode(encoding)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return
    assert shown == text


def test_characters_of_own_texts_have_plain_ones() -> None:
    assert encodable("a – b → c … 2 × 3 – 사과", "ascii") == r"a - b -> c ... 2 x 3 - \uc0ac\uacfc"
    assert encodable("a – 사과", "cp949") == "a - 사과"


@given(st.text(st.characters(), max_size=20), st.sampled_from(ENCODINGS))
def test_a_stream_of_any_encoding_takes_any_text(text: str, encoding: str) -> None:
    raw = io.BytesIO()
    stream = lenient(io.TextIOWrapper(raw, encoding=encoding, newline=""))
    assert stream.write(text) == len(text)
    stream.flush()
    assert raw.getvalue().decode(encoding) == encodable(text, encoding)


class Failing(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stream", [Failing(), None])
def test_a_stream_that_fails_stops_nothing(stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", stream)
    with lenient_streams():
        print("one")
        echo("two")
        sys.stdout.writelines(["three"])
        sys.stdout.flush()
    assert sys.stdout is stream


def test_a_closed_stream_stops_nothing() -> None:
    closed = io.StringIO()
    closed.close()
    lenient(closed).write("text")
    lenient(closed).flush()


def test_a_stream_is_wrapped_once_and_answers_as_before() -> None:
    stream = io.StringIO()
    once = lenient(stream)
    assert lenient(once) is once
    assert isinstance(once, LenientStream)
    assert once.isatty() is False
    assert once.write("text") == 4
    assert once.getvalue() == "text"


def python(script: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {"PYTHONPATH": str(SOURCE)} | options.pop("env", {})  # type: ignore[operator]
    return subprocess.run(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, check=False, env=environment, timeout=60, **options
    )  # type: ignore[call-overload, no-any-return]


LINES = """
import sys
from sketchfit.printing import echo, lenient_streams
with lenient_streams():
    for number in range(3000):
        print("line", number)
        echo("and – another")
    print("end", file=sys.stderr)
"""


def test_a_reader_that_has_left_ends_nothing_and_leaves_no_message() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = python(LINES, stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"end\n")


def test_a_full_device_ends_nothing_and_leaves_no_message() -> None:
    with Path("/dev/full").open("w") as full:
        done = python(LINES, stdout=full)
    assert (done.returncode, done.stderr) == (0, b"end\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp949", "utf-8"])
def test_an_output_of_any_encoding_ends_nothing(encoding: str) -> None:
    done = python(LINES, stdout=subprocess.PIPE, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"end\n")
    dash = "–" if encoding == "utf-8" else "-"
    assert done.stdout.decode(encoding).splitlines()[-1] == f"and {dash} another"


def test_closed_descriptors_become_the_null_device(tmp_path: Path) -> None:
    script = (
        "from sketchfit.printing import lenient_streams\n"
        "with lenient_streams():\n"
        f"    with open({str(tmp_path / 'data')!r}, 'w') as file:\n"
        "        print('printed', flush=True)\n"
        "        file.write('data')\n"
        "        import os; os.write(1, b'from a library')\n"
    )
    command = f'{sys.executable} -c "$SCRIPT" >&- 2>&- <&-'
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "SCRIPT": script}
    done = subprocess.run(["bash", "-c", command], env=environment, check=False, timeout=60)
    assert done.returncode == 0
    assert (tmp_path / "data").read_text() == "data"


def test_lines_for_people_have_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    echo("a\x1b[2Jb", error=True)
    echo("c\u202ed", end="")
    assert capsys.readouterr() == (r"c\u202ed", "a\\x1b[2Jb\n")


def test_data_for_programs_are_the_bytes_of_a_file() -> None:
    script = "from sketchfit.printing import print_data; print('first'); print_data('=a,–,\\x1b\\n')"
    done = python(script, stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii"})
    assert done.stdout == "first\n=a,–,\x1b\n".encode()
    assert done.stderr == b""


def test_data_for_a_reader_that_has_left_are_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = python("from sketchfit.printing import print_data; print_data('text\\n' * 100_000)", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_data_that_a_full_device_refuses_are_an_error() -> None:
    script = (
        "from sketchfit.errors import UserError\nfrom sketchfit.printing import print_data\n"
        "try:\n    print_data('text')\nexcept UserError:\n    raise SystemExit(2)\n"
    )
    with Path("/dev/full").open("w") as full:
        assert python(script, stdout=full).returncode == 2


def test_data_in_memory_stay_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    print_data("=a\x1b\n")
    assert stream.getvalue() == "=a\x1b\n"
