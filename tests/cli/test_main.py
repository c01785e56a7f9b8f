from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from sketchfit.cli import main as main_module
from sketchfit.config.load import load_recipe
from sketchfit.config.shipped import shipped_recipes
from sketchfit.interruption import Terminated
from tests.fresh import run_fresh

Cli = Callable[..., tuple[int, str, str]]
HEAVY = ("torch", "torchvision", "timm", "pandas", "numpy", "scipy", "sklearn", "accelerate", "cv2")


def test_help_imports_nothing_heavy() -> None:
    found = run_fresh([["--help"], ["run", "--help"], ["recipes", "--help"]])
    assert not {"email", "hashlib", "socket"} & {*found[0].modules}
    for ended in found:
        assert (ended.status, ended.errors) == (0, "")
        assert "Usage" in ended.printed
        assert not {*HEAVY} & {*ended.modules}


def test_a_first_answer_waits_for_no_import_that_it_does_not_need() -> None:
    late = ("sklearn", "scipy.stats", "wandb", "optuna", "captum", "openvino", "onnxruntime")
    script = (
        "import sys, sketchfit.commands.run_in_time\n"
        "from sketchfit.bank.closed_forms import closed_forms\n"
        "closed_forms.get('rbf')\n"
        f"print([name for name in {late!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_mistakes_are_reported_before_torch_is_imported(tmp_path: Path) -> None:
    further = {
        "fit": ["--out", "x"],
        "ablate": ["--vary", "seed=1,2"],
        "search": ["--time", "a"],
        "plan": ["--time", "2h"],
    }
    commands = [
        [command, "not_there", *further.get(command, []), *mistake]
        for command in ("run", "plan", "check", "fit", "audit", "augment", "scout", "ablate", "search", "lr-find")
        for mistake in (["--set", "training.epoch=3"], ["--recipe", "demmo"], [])
    ]
    for command, ended in zip(commands, run_fresh(commands, cwd=tmp_path), strict=True):
        assert ended.status == 2, command
        assert ended.errors.startswith("error: "), command
        assert not {"torch", "timm", "pandas", "scipy"} & {*ended.modules}, command


def test_every_command_is_listed_with_its_complete_first_sentence(cli: Cli) -> None:
    from sketchfit.cli.main import app

    command = __import__("typer").main.get_command(app)
    _, printed, _ = cli("--help")
    words = " ".join(printed.split())
    for name, one in command.commands.items():
        first = one.help.split("\n\n")[0].split(". ")[0].rstrip(".")
        assert name in printed
        assert " ".join(first.split()) in words.replace("- ", "-"), name


def test_check_takes_the_options_of_run_that_choose_data() -> None:
    import typer

    from sketchfit.cli.main import app

    commands = typer.main.get_command(app).commands
    run, check = ({option.name for option in commands[name].params} for name in ("run", "check"))
    deadline = {"time", "until", "quality", "candidates", "allow_noncommercial"}
    assert run - check == {"strict", "fresh", "workers", *deadline}
    assert run - {option.name for option in commands["plan"].params} == {"strict", "fresh", "workers"}


@pytest.mark.parametrize("workers", ["ray:", "0", "[2]"])
def test_workers_are_read_as_text(workers: str, cli: Cli, drawn: Path) -> None:
    status, _, errors = cli("run", drawn, "--recipe", "demo", "--workers", workers)
    assert status == 2
    assert f"is {workers!r}" in errors


OUTPUTS = [
    ("predict", "RUN", "IMAGES", "--out"),
    ("export", "RUN", "--format", "onnx", "--out"),
    ("compare", "RUN", "RUN", "--out"),
    ("submit", "RUN", "--probabilities"),
    ("augment", "DATA", "--out"),
    ("lr-find", "DATA", "--out"),
    ("audit", "DATA", "--html"),
]


@pytest.mark.parametrize("arguments", OUTPUTS, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("place", ["folder.html", "file/out.html"])
def test_an_output_that_cannot_be_a_file_is_refused_first(
    arguments: tuple[str, ...], place: str, cli: Cli, drawn: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.html").mkdir()
    (tmp_path / "file").write_text("text")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.json").write_text("{}")
    places = {"DATA": str(drawn), "RUN": str(tmp_path / "run"), "IMAGES": str(drawn)}
    given = [places.get(argument, argument) for argument in arguments]
    status, _, errors = cli(*given, tmp_path / place)
    assert status == 2
    assert errors.startswith(f"error: {tmp_path / place}")
    assert (tmp_path / "file").read_text() == "text"
    assert list((tmp_path / "folder.html").iterdir()) == []


def test_every_command_has_help(cli: Cli) -> None:
    status, printed, _ = cli("--help")
    assert status == 0
    for command in ("run", "fit", "predict", "score", "draw", "recipes"):
        assert command in printed
        status, text, _ = cli(command, "--help")
        assert (status, "Usage" in text) == (0, True)


@pytest.mark.parametrize("arguments", [["run"], ["run", "x", "--nothing"], ["draw", "x", "--classes", "many"]])
def test_a_command_line_that_does_not_exist(arguments: list[str], cli: Cli) -> None:
    status, printed, errors = cli(*arguments)
    assert (status, printed) == (2, "")
    assert "Usage" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "NOT_THERE"], "does not exist"),
        (["run", "DATA", "--recipe", "demmo"], "the nearest is 'demo'"),
        (["run", "DATA", "--recipe", "gone.yaml"], "does not exist"),
        (["run", "DATA", "--set", "training.epoch=3"], "the nearest is 'training.epochs'"),
        (["run", "DATA", "--set", "epochs"], "key=value"),
        (["run", "DATA", "--set", "compute.device=cuda"], "no CUDA device"),
        (["fit", "NOT_THERE", "--out", "OUT"], "does not exist"),
        (["predict", "NOT_THERE", "DATA"], "holds no run"),
        (["score", "NOT_THERE", "DATA"], "holds no run"),
        (["recipes", "show", "demmo"], "the nearest is 'demo'"),
        (["rnu"], "the nearest is 'run'"),
        (["DATA"], "sketchfit run"),
        (["recipes", "shwo"], "the nearest is 'show'"),
        (["draw", "OUT", "--classes", "1"], "classes"),
        (["draw", "OUT", "--split", "random"], "families"),
        (["draw", "OUT", "--names", "family"], "families"),
        (["draw", "OUT", "--families", "31"], "per-class"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_reported_without_a_traceback(
    arguments: list[str], expected: str, cli: Cli, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    if "cuda" in expected.lower() and torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    monkeypatch.chdir(tmp_path)
    places = {"DATA": str(drawn), "OUT": str(tmp_path / "out"), "NOT_THERE": str(tmp_path / "not_there")}
    status, printed, errors = cli(*(places.get(argument, argument) for argument in arguments))
    assert (status, printed) == (2, "")
    assert errors.startswith("error: ")
    assert expected in errors
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == []  # and nothing was begun


def test_the_nearest_data_is_named(cli: Cli, drawn: Path) -> None:
    status, _, errors = cli("check", drawn / "trian.csv")
    assert status == 2
    assert str(drawn / "train.csv") in errors


def test_all_mistakes_of_a_recipe_are_reported_together(cli: Cli, drawn: Path) -> None:
    status, _, errors = cli("run", drawn, "--set", "seeed=1", "--set", "folds.k=1", "--set", "training.epochs=x")
    assert status == 2
    assert len([line for line in errors.splitlines() if line.startswith("error: ")]) == 3


def test_ctrl_c_prints_how_to_continue(cli: Cli, drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sketchfit.commands.run.run", interrupted)
    status, _, errors = cli("run", drawn)
    assert status == 130
    assert "continues" in errors
    assert "Traceback" not in errors


def test_recipes_are_listed_and_shown(cli: Cli) -> None:
    for arguments in (["recipes"], ["recipes", "list"]):
        status, printed, _ = cli(*arguments)
        assert status == 0
        assert [line.split()[0] for line in printed.splitlines()] == list(shipped_recipes())
    for name in shipped_recipes():
        status, printed, _ = cli("recipes", "show", name)
        assert (status, printed[0]) == (0, "#")
        status, printed, _ = cli("recipes", "show", name, "--full")
        assert status == 0
        assert yaml.safe_load(printed) == load_recipe(name).model_dump(mode="json")
    _, printed, _ = cli("recipes", "show", "demo", "--set", "training.epochs=77")
    assert yaml.safe_load(printed)["training"]["epochs"] == 77


def test_a_shown_recipe_can_be_run(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(cli("recipes", "show", "demo", "--full")[1])
    assert load_recipe(tmp_path / "mine.yaml") == load_recipe("demo")


def test_draw(cli: Cli, tmp_path: Path) -> None:
    options = ("--classes", 2, "--per-class", 3, "--test-per-class", 1, "--seed", 5)
    status, printed, _ = cli("draw", tmp_path / "data", *options)
    assert status == 0
    assert "6 training and 2 test drawings of 2 classes" in printed
    assert len((tmp_path / "data" / "train.csv").read_text().splitlines()) == 7


def test_draw_families(cli: Cli, tmp_path: Path) -> None:
    size = ("--classes", 2, "--per-class", 4, "--test-per-class", 2, "--families", 2)
    assert cli("draw", tmp_path / "family", *size)[0] == 0
    assert sorted(path.name.split("-")[1] for path in (tmp_path / "family" / "train").rglob("*.*")) == [
        "1.JPEG", "1.JPEG", "1.JPEG", "1.JPEG", "2.JPEG", "2.JPEG", "2.JPEG", "2.JPEG",
    ]  # fmt: skip
    assert cli("draw", tmp_path / "plain", *size, "--names", "plain", "--split", "random")[0] == 0
    assert sorted(path.name for path in (tmp_path / "plain" / "test").iterdir()) == [f"{k}.JPEG" for k in range(4)]
    families = [
        {line.split(",")[1] for line in (tmp_path / name / "families.csv").read_text().splitlines()[1:]}
        for name in ("family", "plain")
    ]
    assert [len(numbers) for numbers in families] == [6, 4]


def test_check_prints_what_it_found_and_writes_nothing(cli: Cli, drawn: Path, tiny_file: Path, tmp_path: Path) -> None:
    shown = ("--recipe", tiny_file, "--set", "tracking.progress=plain", "--out", tmp_path / "run")
    status, printed, errors = cli("check", drawn, *shown)
    assert (status, errors) == (0, "")
    assert "test_resnet: a trial" in printed
    status, _, errors = cli("check", drawn, *shown, "--set", "optimizer.name=nonsense")
    assert status == 2
    assert "no optimizer 'nonsense'" in errors
    assert list(tmp_path.iterdir()) == []


def test_an_unexpected_error_is_printed_without_secrets() -> None:
    script = (
        "import sys, sketchfit.cli.main as cli, sketchfit.config.shipped as shipped\n"
        "def broken(*_):\n    raise LookupError('no such place: https://me:hushhush1234@host.org/x\\x1b[2J')\n"
        "shipped.recipe_text = broken\n"
        "sys.argv = ['sketchfit', 'recipes', 'show', 'cpu']\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "LookupError: no such place" in done.stderr
    assert "hushhush1234@" not in done.stderr.replace("raise LookupError", "")
    assert "\x1b" not in done.stderr


def test_a_file_that_ends_too_early_is_no_interruption(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object, **__: object) -> None:
        raise EOFError("the file ends")

    monkeypatch.setattr("sketchfit.config.shipped.recipe_text", ended)
    with pytest.raises(EOFError, match="the file ends"):
        cli("recipes", "show", "cpu")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["run", "data"], "stopped; the same command continues from here"),
        (["run", "data", "--fresh"], "stopped; the same command without --fresh continues from here"),
        (["predict", "run", "image.png"], "stopped"),
    ],
)
def test_a_stop_is_followed_by_the_command_that_continues(
    arguments: list[str], printed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(**_: object) -> None:
        raise Terminated

    monkeypatch.setattr(main_module, "app", stop)
    monkeypatch.setattr("sys.argv", ["sketchfit", *arguments])
    with pytest.raises(SystemExit) as caught:
        main_module.main()
    assert caught.value.code == 143
    assert capsys.readouterr().err.splitlines() == [printed]


def test_a_broken_pipe_of_work_is_no_success(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(main_module, "app", broken)
    with pytest.raises(BrokenPipeError):
        cli("run")


@pytest.mark.parametrize(
    "arguments",
    [("report", "a"), ("export", "a", "--out", "b"), ("scout", "a"), ("serve", "a"), ("cache", "clear")],
)
def test_a_command_of_one_process_refuses_several_before_anything_is_written(
    arguments: tuple[str, ...], cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    status, _, errors = cli(*arguments)
    assert status == 2
    assert "WORLD_SIZE=2" in errors
    assert f"sketchfit {arguments[0]}{' clear' * (arguments[0] == 'cache')} works in one process" in errors
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


@pytest.mark.parametrize("arguments", [("recipes", "list"), ("recipes", "show", "cpu"), ("options", "losses")])
def test_a_command_that_only_prints_may_run_in_several_processes(
    arguments: tuple[str, ...], cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert cli(*arguments)[0] == 0


def test_a_run_with_a_deadline_refuses_several_processes(
    cli: Cli, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    status, _, errors = cli("run", drawn, "--time", "1h", "--out", tmp_path / "out")
    assert status == 2
    assert "WORLD_SIZE=2" in errors
    assert not (tmp_path / "out").exists()
