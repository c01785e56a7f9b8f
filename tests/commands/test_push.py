"""What is pushed is loaded by timm, answers as the network with its temperature, and names nothing of the machine."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from scipy.special import softmax

from sketchfit._timm import timm
from sketchfit.api.fit import fit
from sketchfit.api.run import run as train
from sketchfit.bundle.files import digest
from sketchfit.bundle.model import BundleModel
from sketchfit.candidates.origin import WeightsOrigin
from sketchfit.checksum import KEY
from sketchfit.commands.bundle import origins as origins_module
from sketchfit.commands.bundle.chosen_network import choose_network
from sketchfit.commands.push import Pushed, PushOptions, destination_of, push
from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.hub.address import HubAddress
from sketchfit.hub.download import local_bundle, local_folder
from sketchfit.hub.published import PublishedNetwork
from sketchfit.hub.upload import MARKS, OURS
from sketchfit.loaded.load import load
from sketchfit.models.backbone import build_network
from sketchfit.models.learnt_rows import learnt_by
from sketchfit.models.network import to_input
from sketchfit.runs.run import Run
from tests.factories import Cli, tiny_recipe
from tests.hub.fake_hub import FakeHub

FILES = ("README.md", "config.json", "model.safetensors", "preprocess.py", "sketchfit.json")


@pytest.fixture(scope="module")
def pushed(plain: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pushed]:
    folder = tmp_path_factory.mktemp("pushed") / "out"
    return folder, push(plain, folder)


def pictures(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, size, size, 1), np.uint8)


def test_the_files_are_those_of_timm(pushed: tuple[Path, Pushed]) -> None:
    folder, found = pushed
    assert found.files == FILES
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    assert found.place == str(folder)


def test_timm_answers_as_the_calibrated_network(plain: Path, pushed: tuple[Path, Pushed]) -> None:
    folder, found = pushed
    run = Run.open(plain)
    chosen = choose_network(run)
    assert found.network == chosen.name
    network = chosen.load(run)
    inputs = to_input(torch.from_numpy(pictures(32)), network.normalisation, torch.device("cpu"), channels_last=False)
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    assert list(model.pretrained_cfg["label_names"]) == list(run.table.class_names)
    with torch.inference_mode():
        expected = softmax(network.model.eval()(inputs).numpy() / chosen.temperature, axis=1)
        np.testing.assert_allclose(model(inputs).softmax(dim=1).numpy(), expected, atol=1e-5)


def test_the_code_of_the_card_answers_as_the_command(
    pushed: tuple[Path, Pushed], drawn: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = pushed
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.syspath_prepend(str(folder))
    for path in sorted((drawn / "test").iterdir())[:3]:
        exec(code.replace("FOLDER", str(folder)).replace("drawing.png", str(path)), {})
        name, prob = capsys.readouterr().out.rsplit(maxsplit=1)
        (expected,) = load(folder).predict(path)
        assert name == expected.name
        assert float(prob) == pytest.approx(expected.probability, abs=1e-5)
    del sys.modules["preprocess"]


def of_16_bits(grey: np.ndarray) -> Image.Image:
    return Image.fromarray(grey.astype(np.uint16) * 257)


def ink(grey: np.ndarray, mode: str) -> Image.Image:
    """Black ink on transparent paper."""
    alpha = Image.fromarray(255 - grey)
    image = Image.new(mode, alpha.size)
    image.putalpha(alpha)
    return image


def paper_of_a_palette(grey: np.ndarray) -> Image.Image:
    """Black ink on paper that is one transparent colour of a palette."""
    image = Image.fromarray((grey > 127).astype(np.uint8))
    image.putpalette([0, 0, 0] * 256)
    image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    "form",
    [of_16_bits, partial(ink, mode="RGB"), partial(ink, mode="L"), paper_of_a_palette],
    ids=["16 bits", "RGBA", "LA", "palette"],
)
def test_the_code_of_the_card_prepares_every_kind_of_png(
    form: Callable[[np.ndarray], Image.Image],
    pushed: tuple[Path, Pushed],
    drawn: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, path = pushed[0], tmp_path / "form.png"
    with Image.open(min((drawn / "test").iterdir())) as image:
        form(np.asarray(image.convert("L"))).save(path)
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.syspath_prepend(str(folder))
    exec(code.replace("FOLDER", str(folder)).replace("drawing.png", str(path)), {})
    del sys.modules["preprocess"]
    name, prob = capsys.readouterr().out.rsplit(maxsplit=1)
    (expected,) = load(folder).predict(path)
    assert name == expected.name
    assert float(prob) == pytest.approx(expected.probability, abs=2e-4)


def test_what_it_states(plain: Path, pushed: tuple[Path, Pushed]) -> None:
    run, stated = Run.open(plain), PublishedNetwork.read(pushed[0])
    assert (stated.labels, stated.names) == (run.table.class_labels, run.table.class_names)
    assert (stated.preprocessing.size, stated.preprocessing.channels) == (32, 1)
    assert stated.temperature == 1.0  # within the weights
    assert stated.accuracy.network is not None
    assert stated.accuracy.network.n == 32
    assert stated.unknown is not None
    assert stated.network.architecture == "test_resnet"


def test_nothing_of_this_machine_is_published(plain: Path, pushed: tuple[Path, Pushed], drawn: Path) -> None:
    folder, _ = pushed
    for path in folder.iterdir():
        content = path.read_bytes()
        for place in (plain, drawn, Path.home()):
            assert str(place).encode() not in content
        assert b".png" not in content.replace(b"drawing.png", b"")


def test_digests_of_training_images_can_be_left_out(plain: Path, pushed: tuple[Path, Pushed], tmp_path: Path) -> None:
    assert learnt_by(pushed[0] / "model.safetensors") is not None
    push(plain, tmp_path, PushOptions(digests=False))
    assert learnt_by(tmp_path / "model.safetensors") is None
    assert load(tmp_path).labels == load(pushed[0]).labels


def test_weights_are_tensors_alone(pushed: tuple[Path, Pushed]) -> None:
    with safe_open(str(pushed[0] / "model.safetensors"), "pt") as file:
        assert file.metadata()["architecture"] == "test_resnet"
    assert not [path for path in pushed[0].iterdir() if path.suffix in (".bin", ".pt", ".pth", ".pkl")]


def test_a_push_to_the_hub(plain: Path, hub: FakeHub) -> None:
    found = push(plain, "me/doodles", PushOptions(private=True, licence="mit"))
    assert found.place.startswith(f"{hub.endpoint}/me/doodles/commit/")
    assert set(hub.files("me/doodles")) == {*FILES, ".gitattributes"}
    assert hub.repositories["me/doodles"].private
    model = timm.create_model("hf-hub:me/doodles", pretrained=True).eval()
    assert model.num_classes == 4
    assert list(model.pretrained_cfg["label_names"]) == list(Run.open(plain).table.class_names)
    folder = local_folder("hf://me/doodles")
    assert PublishedNetwork.read(folder).licence == "mit"
    card = hub.files("me/doodles")["README.md"].decode()
    assert 'timm.create_model("hf-hub:me/doodles", pretrained=True)' in card
    assert "license: mit" in card


def test_a_second_push_replaces_the_first(plain: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    push(plain, out)
    (out / "bundle.json").write_text("{}")
    push(plain, out, PushOptions(fold=1))
    assert sorted(path.name for path in out.iterdir()) == list(FILES)
    assert PublishedNetwork.read(out).network.name.endswith("/fold1")


@pytest.mark.parametrize("name", ["thesis.tex", "pytorch_model.bin"])
def test_a_folder_with_other_files_is_refused(plain: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match=name):
        push(plain, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", sorted(OURS - MARKS))
def test_a_folder_with_files_of_the_same_names_is_refused(plain: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UserError, match=re.escape(name)):
        push(plain, tmp_path)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("me/doodles", HubAddress("me/doodles")),
        ("hf://me/doodles", HubAddress("me/doodles")),
        (Path("hf://me/doodles"), HubAddress("me/doodles")),
        ("./out", Path("out")),
        ("../out/x", Path("../out/x")),
        ("/tmp/out", Path("/tmp/out")),
        (Path("out/x"), Path("out/x")),
    ],
)
def test_targets(target: str | Path, expected: HubAddress | Path) -> None:
    assert destination_of(target) == expected


@pytest.mark.parametrize("target", ["doodles", "a/b/c", "", "me/doodles@"])
def test_targets_that_are_none(target: str) -> None:
    with pytest.raises(UserError) as error:
        destination_of(target)
    assert "./" in error.value.hint


def with_weights(monkeypatch: pytest.MonkeyPatch, *licences: str | None) -> None:
    found = [WeightsOrigin(f"weights{number}", licence) for number, licence in enumerate(licences)]
    monkeypatch.setattr(origins_module, "weights_origin", lambda _: found.pop(0) if len(found) > 1 else found[0])


def test_a_licence_that_the_weights_forbid(
    plain: Path, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with_weights(monkeypatch, "cc-by-nc-4.0")
    for target in ("me/doodles", tmp_path / "out"):
        with pytest.raises(UserError, match="cc-by-nc"):
            push(plain, target, PushOptions(licence="apache-2.0"))
    assert hub.repositories == {}
    assert not (tmp_path / "out").exists()
    found = push(plain, tmp_path / "out")
    assert found.licence == "cc-by-nc-4.0"
    with safe_open(str(tmp_path / "out" / "model.safetensors"), "pt") as file:
        assert file.metadata()["licence"] == "cc-by-nc-4.0"


def test_an_unknown_licence_is_noted(plain: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_weights(monkeypatch, None)
    found = push(plain, tmp_path / "out")
    assert found.licence is None
    assert any("weights0" in note and "--licence" in note for note in found.notes)
    assert any("mit" in note for note in push(plain, tmp_path / "out", PushOptions(licence="mit")).notes)


def test_a_head_that_timm_cannot_build(drawn: Path, tmp_path: Path, tiny: dict[str, Any]) -> None:
    train(drawn, tiny_recipe({"model": {"head": "mlp"}, "training": {"epochs": 1}}), out=tmp_path / "run")
    with pytest.raises(UserError, match="mlp") as error:
        push(tmp_path / "run", tmp_path / "out")
    assert "--bundle" in error.value.hint
    assert not (tmp_path / "out").exists()
    found = push(tmp_path / "run", tmp_path / "out", PushOptions(bundle=True))
    assert "network.onnx" in found.files
    assert "config.json" not in found.files
    assert "timm" not in (tmp_path / "out" / "README.md").read_text().split("---")[1]


def test_a_bundle_next_to_the_network(plain: Path, drawn: Path, hub: FakeHub) -> None:
    push(plain, "me/doodles", PushOptions(bundle=True, licence="mit"))
    files = hub.files("me/doodles")
    assert {*FILES, "bundle.json", "model.onnx", "network.onnx", "example.py"} <= set(files)
    assert not any(name.endswith((".bin", ".pt2", ".pt")) for name in files)
    card = files["README.md"].decode()
    assert "hf-hub:me/doodles" in card
    assert "sketchfit serve hf://me/doodles" in card
    folder = local_bundle("hf://me/doodles")
    assert not list(folder.glob("*.py"))
    bundle = BundleModel.open(folder)
    assert bundle.manifest.files["README.md"].digest == digest(files["README.md"])
    image = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    np.testing.assert_allclose(bundle.proba([image]), load(folder).proba(image), atol=1e-4)
    push(plain, "me/doodles")
    assert set(hub.files("me/doodles")) == {*FILES, ".gitattributes"}


def test_a_fit_states_no_accuracy(drawn: Path, tmp_path: Path) -> None:
    fit(drawn, tiny_recipe({"training": {"epochs": 1}}), out=tmp_path / "fit")
    push(tmp_path / "fit", tmp_path / "out", PushOptions(bundle=False))
    stated = PublishedNetwork.read(tmp_path / "out")
    assert (stated.accuracy.network, stated.sets, stated.temperature) == (None, None, 1.0)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Nothing was measured" in card
    assert "model-index" not in card


def test_it_starts_another_training(pushed: tuple[Path, Pushed], plain: Path) -> None:
    """The file of weights names its architecture, and the head is taken over for as many classes."""
    section = load_recipe(tiny_recipe()).model.model_copy(
        update={"pretrained": True, "weights": str(pushed[0] / "model.safetensors")}
    )
    network = build_network(section, 4)
    assert not network.new_head
    assert network.notes == ()


def test_equal_names_of_classes(plain: Path, tmp_path: Path) -> None:
    shutil.copytree(plain, tmp_path / "run")
    path = tmp_path / "run" / "state.json"
    state = json.loads(path.read_text())
    state["class_names"] = ["same"] * 4
    state.pop(KEY)
    path.write_text(json.dumps(state))
    push(tmp_path / "run", tmp_path / "out")
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["label_names"] == state["class_labels"]


def test_the_command(plain: Path, tmp_path: Path, cli: Cli) -> None:
    status, out, err = cli("push", plain, tmp_path / "out", "--fold", 0, "--licence", "mit")
    assert status == 0, err
    assert f"/fold0 → {tmp_path / 'out'}" in out
    assert "mit" in out
    assert PublishedNetwork.read(tmp_path / "out").licence == "mit"


def test_mistakes_come_before_long_work(plain: Path, tmp_path: Path, cli: Cli, hub: FakeHub) -> None:
    assert cli("push", plain, "doodles")[0] == 2
    assert cli("push", tmp_path, "me/doodles")[0] == 2
    assert cli("push", plain, "me/doodles@v1")[0] == 2
    assert cli("push", plain, "me/doodles", "--member", "nobody")[0] == 2
    assert hub.repositories == {}
