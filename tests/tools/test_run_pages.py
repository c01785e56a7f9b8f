"""Commands of pages: which blocks are run, in which order and folder, and what is reported of one that fails."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tools.page_script import blocks, script_of, steps_of
from tools.run_pages import Outcome, PageRunner, environment_with, folder_of, run_script

PAGE = """# A page

```sh
word=hello
mkdir inner && cd inner
```

```console
false
```

```yaml title="deep/mine.yaml"
epochs: 3  # $word
```

1. In a list:

    ```sh
    cat deep/mine.yaml
    echo "$word in $(basename "$PWD")"
    ```

<!-- not run: needs a GPU -->
```sh
false
```

```python
for n in range(2):
    print("n", n)
```
"""


def outcome_of(page: str, folder: Path, limit: float = 20) -> Outcome:
    return run_script(script_of(page, frozenset()), folder / "run", dict(os.environ), limit)


def test_blocks_of_a_page_run_in_order_in_one_shell_and_one_folder(tmp_path: Path):
    outcome = outcome_of(PAGE, tmp_path)
    assert outcome.output.splitlines() == ["epochs: 3  # $word", "hello in inner", "n 0", "n 1"]
    assert (outcome.status, outcome.line) == (0, 0)
    assert [line for line, _ in outcome.seconds] == [4, 5, 12, 19, 20, 28]


def test_a_failed_command_is_reported_with_its_line_and_ends_the_page(tmp_path: Path):
    outcome = outcome_of(
        "# Page\n\n```sh\necho before\n```\n\ntext\n\n```sh\nls no-such-file\necho after\n```\n", tmp_path
    )
    assert (outcome.status, outcome.line) == (2, 10)
    assert "before" in outcome.output
    assert "after" not in outcome.output


def test_a_failed_python_block_is_reported_at_its_fence(tmp_path: Path):
    outcome = outcome_of("# Page\n\n```python\nprint(1)\nraise ValueError(2)\n```\n", tmp_path)
    assert (outcome.status, outcome.line) == (1, 3)
    assert "ValueError: 2" in outcome.output


def test_a_failure_in_a_pipe_is_one(tmp_path: Path):
    assert outcome_of("# Page\n\n```sh\nfalse | cat\n```\n", tmp_path).line == 4


def test_a_page_that_does_not_end_is_stopped_in_its_command(tmp_path: Path):
    outcome = outcome_of("# Page\n\n```sh\ntrue\nsleep 60\n```\n", tmp_path, limit=0.5)
    assert (outcome.status, outcome.line) == (124, 5)


def test_a_service_of_a_page_ends_with_it(tmp_path: Path):
    page = "# Page\n\n```sh\nsleep 60 &\necho $!\n```\n"
    process = int(outcome_of(page, tmp_path).output)
    for _ in range(50):
        if subprocess.run(["ps", "-p", str(process), "-o", "stat="], capture_output=True, text=True).stdout[:1] in "Z":
            return
        time.sleep(0.1)
    pytest.fail("the process is still there")


def test_a_line_of_make_is_left_out_where_it_is_a_step_and_refused_elsewhere():
    page = "# Page\n\n```sh\nmake demo   # two minutes\necho\n```\n"
    script = script_of(page, frozenset({"demo"}))
    assert script.lines[3:5] == ["", "echo"]
    assert script.notes == [(4, "make demo: a step of .ci/run")]
    with pytest.raises(ValueError, match="line 4: make demo"):
        script_of(page, frozenset({"test"}))


def test_what_is_not_run_is_noted_with_its_reason():
    assert script_of(PAGE, frozenset()).notes == [(24, "not run: needs a GPU")]


def test_a_file_outside_of_the_folder_is_refused():
    for path in ("../mine.yaml", "/tmp/mine.yaml"):
        with pytest.raises(ValueError, match="line 3"):
            script_of(f'# Page\n\n```yaml title="{path}"\na: 1\n```\n', frozenset())


def test_a_block_in_a_block_is_text():
    assert [one.language for one in blocks("# A\n\n````md\n```sh\nfalse\n```\n````\n\n```sh\ntrue\n```\n")] == [
        "md",
        "sh",
    ]


def test_steps_are_the_lines_of_make(tmp_path: Path):
    ci = tmp_path / "run"
    ci.write_text('set -e\n# make nothing\nmake lint VENV="$VENV"\n  make demo\n', encoding="utf-8")
    assert steps_of(ci) == {"lint", "demo"}


def test_what_is_printed_of_a_page_names_its_commands_and_the_one_that_failed(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page = Path("page.md")
    page.write_text("# Page\n\n```sh\necho one\nls no-such-file\n```\n", encoding="utf-8")
    assert not PageRunner(Path("work"), dict(os.environ), 20)(page)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("page.md:4: echo one (")
    assert lines[-1] == "page.md:5: failed (status 2): ls no-such-file"
    page.write_text("# Page\n\n```sh\necho one\n```\n", encoding="utf-8")
    assert PageRunner(Path("work"), dict(os.environ), 20)(page)


def test_pip_of_a_page_gets_the_wheel_and_its_version(tmp_path: Path, monkeypatch):
    (tmp_path / "sketchfit-3.2.1-py3-none-any.whl").touch()
    monkeypatch.setenv("PIP_FIND_LINKS", "elsewhere")
    monkeypatch.setenv("PYTHONPATH", "src")
    found = environment_with(tmp_path / "venv", tmp_path, tmp_path)
    assert found["PIP_FIND_LINKS"].split() == [str(tmp_path.resolve()), "elsewhere"]
    assert "sketchfit==3.2.1" in Path(found["PIP_CONSTRAINT"]).read_text(encoding="utf-8").splitlines()
    assert found["PATH"].startswith(str(tmp_path.resolve() / "venv" / "bin"))
    assert "PYTHONPATH" not in found


def test_pages_have_folders_of_their_own():
    pages = (Path("README.md"), Path("docs/how-to/a.md"), Path("/docs/how-to/b.md"))
    assert [folder_of(one) for one in pages] == ["README", "docs-how-to-a", "docs-how-to-b"]
