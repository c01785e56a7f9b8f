"""Every backend answers as torch does, or torch answers and says why."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sketchfit.config.load import load_recipe
from sketchfit.errors import UserError
from sketchfit.inference.tta import parse_views, view_probabilities
from sketchfit.models.backbone import Network, Normalisation, build_network, to_input
from sketchfit.models.backends import build, choose
from sketchfit.models.backends.answer import Answer, Pictures, eager, in_batches_of
from sketchfit.models.backends.build import TOLERANCE, build_answer, forward_flops
from sketchfit.models.backends.graph import to_onnx
from sketchfit.training.evaluate import probabilities
from tests.factories import make_store

CONVERTED = ("onnxruntime", "openvino")
CPU = torch.device("cpu")
SIZES = {"test_resnet": 32, "test_vit": 64, "mobilenetv2_100": 32}


def network_of(backbone: str, channels: int = 1) -> Network:
    """Random weights, statistics that are not 0 and 1, and a head that tells random pictures apart."""
    torch.manual_seed(4)
    settings = {"model": {"backbone": backbone, "pretrained": False, "input_size": SIZES[backbone]}}
    network = build_network(load_recipe(settings).model, 7)
    for module in network.model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
    model, head = network.model.eval(), network.model.get_classifier()
    images = to_input(torch.from_numpy(pictures(5, SIZES[backbone], channels)), network.normalisation, CPU, True)
    with torch.no_grad():
        head.bias.zero_()
        head.weight.mul_(2 / model(images).std(dim=0).mean())
        head.bias.sub_(model(images).mean(dim=0))
    return Network(model, network.normalisation)


def pictures(count: int, size: int, channels: int) -> Pictures:
    """Large squares: noise of single pixels looks alike to a network."""
    coarse = np.random.default_rng(count).integers(0, 256, (count, 4, 4, channels)).astype(np.uint8)
    return coarse.repeat(size // 4, axis=1).repeat(size // 4, axis=2)


def answer_of(network: Network, backend: str, said: list[str], precision: str = "fp32", size: int = 32) -> Answer:
    return build_answer(
        network, backend, images=9, size=size, device=CPU, precision=precision, channels_last=True, say=said.append
    )


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("backend", CONVERTED)
@pytest.mark.parametrize("backbone", SIZES)
def test_a_converted_network_answers_as_torch_does(backbone: str, backend: str, channels: int) -> None:
    pytest.importorskip(backend)
    network, said = network_of(backbone, channels), list[str]()
    images = pictures(5, SIZES[backbone], channels)
    with torch.inference_mode():
        expected = eager(network, CPU, channels_last=True)(images)
        answer = answer_of(network, backend, said, size=SIZES[backbone])
        found = answer(images)
        smaller = answer(images[:2])
    assert expected.std(axis=0).max() > 0.1, "all pictures look alike to this network: nothing is compared"
    assert said == []
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    np.testing.assert_array_equal(smaller, found[:2])  # a last, smaller batch
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("backend", CONVERTED)
def test_twice_converted_answers_are_the_same_bits(backend: str) -> None:
    pytest.importorskip(backend)
    network, images = network_of("mobilenetv2_100"), pictures(4, 32, 1)
    with torch.inference_mode():
        first, second = (answer_of(network, backend, [])(images) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_converted_network_computes_in_fp32_under_autocast() -> None:
    pytest.importorskip("onnxruntime")
    network, images, said = network_of("test_resnet"), pictures(4, 32, 1), list[str]()
    plain = eager(network, CPU, channels_last=True)
    with torch.inference_mode():
        exact = plain(images)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            coarse = plain(images)
            found = answer_of(network, "onnxruntime", said, "bf16")(images)
    assert said == []
    assert np.abs(coarse - exact).max() > 10 * TOLERANCE
    np.testing.assert_allclose(found, exact, atol=TOLERANCE)


def test_the_network_is_left_as_it_was() -> None:
    pytest.importorskip("onnxruntime")
    network = network_of("test_resnet")
    network.model.to(memory_format=torch.channels_last)
    before = {name: value.clone() for name, value in network.model.state_dict().items()}
    with torch.inference_mode():
        answer_of(network, "onnxruntime", [])(pictures(2, 32, 3))
    assert all(torch.equal(value, before[name]) for name, value in network.model.state_dict().items())
    assert network.model.conv1[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert not network.model.training


def test_compiled_is_called_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.compile itself takes a minute: what it gives is stood in for."""
    calls = []

    def stand_in(model: nn.Module) -> nn.Module:
        calls.append(model)
        return model

    monkeypatch.setattr(torch, "compile", stand_in)
    network, images = network_of("test_resnet"), pictures(3, 32, 1)
    with torch.inference_mode():
        found = answer_of(network, "compiled", [])(images)
        np.testing.assert_array_equal(found, eager(network, CPU, channels_last=True)(images))
    assert calls == [network.model]


@pytest.mark.slow
def test_compiled_answers_as_torch_does() -> None:
    network, images, said = network_of("test_resnet"), pictures(3, 32, 1), list[str]()
    with torch.inference_mode():
        found = answer_of(network, "compiled", said)(images)
        np.testing.assert_allclose(found, eager(network, CPU, channels_last=True)(images), atol=TOLERANCE)
    assert said == []


@pytest.mark.parametrize("change", [2e-5, np.nan])
def test_answers_that_differ_are_not_used(change: float, monkeypatch: pytest.MonkeyPatch) -> None:
    network, images, said = network_of("test_resnet"), pictures(3, 32, 1), list[str]()
    monkeypatch.setattr(choose, "missing_packages", lambda packages: [])
    plain = eager(network, CPU, channels_last=True)
    monkeypatch.setattr(build, "to_onnx", lambda *_: b"")
    monkeypatch.setitem(build._LOADERS, "openvino", lambda *_: lambda batch: plain(batch) + np.float32(change))
    with torch.inference_mode():
        answer = answer_of(network, "openvino", said)
        np.testing.assert_array_equal(answer(images), plain(images))
        np.testing.assert_array_equal(answer(images), plain(images))
    (line,) = said
    assert line.startswith("inference.backend=openvino is not used, torch answers: its probabilities differ by ")


def test_a_conversion_that_fails_is_told_and_torch_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    network, images, said = network_of("test_resnet"), pictures(3, 32, 1), list[str]()
    monkeypatch.setattr(choose, "missing_packages", lambda packages: [])

    def fails(*_: object) -> bytes:
        raise RuntimeError("no such operator: fft\nand a page of stack")

    monkeypatch.setattr(build, "to_onnx", fails)
    with torch.inference_mode():
        found = answer_of(network, "onnxruntime", said)(images)
        np.testing.assert_array_equal(found, eager(network, CPU, channels_last=True)(images))
    assert said == [
        "inference.backend=onnxruntime is not used, torch answers: it failed: RuntimeError: no such operator: fft"
    ]


def test_batches_are_cut_and_filled_up() -> None:
    sizes = []

    def first_pixels(batch: Pictures) -> np.ndarray:
        sizes.append(len(batch))
        return batch[:, 0, 0, :1].astype(np.float32)

    images = pictures(11, 4, 1)
    np.testing.assert_array_equal(in_batches_of(4, first_pixels)(images), images[:, 0, 0, :1])
    assert sizes == [4, 4, 4]


def test_operations_are_counted() -> None:
    """Two multiplications and additions a weight and place: a convolution of 3 x 3 x 3 x 4 at 6 x 6 places."""
    network = Network(nn.Conv2d(3, 4, 3, padding=1, bias=False), Normalisation((0.5,) * 3, (0.5,) * 3))
    assert forward_flops(network, 6, CPU) == 2 * 3 * 3 * 3 * 4 * 6 * 6


def test_operations_that_can_not_be_counted_are_none() -> None:
    class Odd(nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            raise NotImplementedError

    assert forward_flops(Network(Odd(), Normalisation((0.5,) * 3, (0.5,) * 3)), 6, CPU) == 0


@pytest.mark.parametrize(("backbone", "size"), [("eva02_tiny_patch14_224", 28), ("test_vit3", 64), ("test_vit", 64)])
def test_operations_of_transformers_are_counted(backbone: str, size: int) -> None:
    """Some hand parameters, or views of them, to their blocks, at which the counter stumbles."""
    model = {"backbone": backbone, "pretrained": False, "input_size": size}
    network = build_network(load_recipe({"model": model}).model, 7)
    assert forward_flops(network, size, CPU) > 1e6
    assert all(parameter.requires_grad for parameter in network.model.parameters())


@pytest.mark.parametrize(
    ("wanted", "work", "device", "precision", "installed", "expected"),
    [
        ("auto", True, "cpu", "fp32", ("openvino", "onnxruntime"), "openvino"),
        ("auto", True, "cpu", "fp32", ("onnxruntime",), "onnxruntime"),
        ("auto", True, "cpu", "fp32", (), "eager"),
        ("auto", False, "cpu", "fp32", ("openvino",), "eager"),
        ("auto", True, "cuda", "fp32", ("openvino",), "eager"),
        ("auto", True, "cpu", "bf16", ("openvino",), "eager"),
        ("onnxruntime", False, "cpu", "bf16", (), "onnxruntime"),
        ("eager", True, "cpu", "fp32", ("openvino",), "eager"),
    ],
)
def test_the_choice(
    wanted: choose.Backend,
    work: bool,
    device: str,
    precision: str,
    installed: tuple[choose.Backend, ...],
    expected: str,
) -> None:
    assert choose.choose(wanted, work, device, precision, installed) == expected


def test_few_images_are_not_worth_a_conversion() -> None:
    mobilenet_at_128 = 200_000_000  # operations an image
    assert not choose.worth_converting(327, mobilenet_at_128)
    assert choose.worth_converting(10_000, mobilenet_at_128)
    assert choose.worth_converting(327, 17_000_000_000)  # a ViT-B at 224 px


def test_auto_converts_where_there_is_work(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    made = []
    monkeypatch.setattr(build, "installed_backends", lambda: ("onnxruntime",))
    monkeypatch.setattr(build, "to_onnx", lambda *given: made.append(given[1]) or to_onnx(*given))
    network = network_of("test_resnet")
    settings = {"size": 32, "device": CPU, "precision": "fp32", "channels_last": True, "say": pytest.fail}
    enough = int(choose.WORTH) // forward_flops(network, 32, CPU) + 1
    with torch.inference_mode():
        build_answer(network, "auto", images=enough // 2, **settings)(pictures(2, 32, 1))
        assert made == []
        build_answer(network, "auto", images=enough, **settings)(pictures(2, 32, 1))
    assert made == [(2, 32, 32, 1)]


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "missing_packages", lambda packages: [name for name in packages if name == "openvino"])
    with pytest.raises(
        UserError, match=r"needs openvino, which is not installed[\s\S]*pip install 'sketchfit\[fast\]'"
    ):
        choose.check_backend("openvino", CPU)
    choose.check_backend("onnxruntime", CPU)
    choose.check_backend("auto", CPU)
    assert choose.installed_backends() == ("onnxruntime",)
    with pytest.raises(UserError, match="computes on the CPU, and the run's device is cuda"):
        choose.check_backend("onnxruntime", torch.device("cuda"))


@pytest.mark.parametrize("backend", CONVERTED)
def test_rows_and_views_of_a_store(backend: str) -> None:
    """Through the two ways in which a run asks: rows in batches, the last one smaller; several views at once."""
    pytest.importorskip(backend)
    network, said = network_of("test_resnet"), list[str]()
    store = make_store(pictures(11, 36, 1))
    rows = np.array([3, 1, 9, 0, 10, 4, 5])
    settings = {"size": 32, "device": CPU, "threads": 1}
    plain = (network.model, network.normalisation, store, rows)
    found = probabilities(*plain, batch_size=4, answer=answer_of(network, backend, said), **settings)
    np.testing.assert_allclose(found, probabilities(*plain, batch_size=4, **settings), atol=TOLERANCE)
    views = parse_views(["hflip", "five-crop0.8"])
    found_views = view_probabilities(*plain, views, batch_size=14, answer=answer_of(network, backend, said), **settings)
    expected = view_probabilities(*plain, views, batch_size=14, **settings)
    assert list(found_views) == ["identity", "hflip", "five-crop0.8"]
    for name, prob in expected.items():
        np.testing.assert_allclose(found_views[name], prob, atol=TOLERANCE)
    assert said == []
