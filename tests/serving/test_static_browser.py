"""The page as a folder in a real browser, opened from the disk; its rules agree with those in Python."""

from __future__ import annotations

import json
import threading
import zlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from sketchfit.bundle.model import BundleModel
from sketchfit.bundle.occlusion import occlusion_heat
from sketchfit.bundle.unknown_rule import make_unknown_rule, unknown_test
from sketchfit.data.images import decode
from sketchfit.inference.set_rule import ConformalSets
from sketchfit.inference.unknown_scores import SCORES
from sketchfit.serving.static_page import write_static_page
from tests.browser import line, resize, stroke
from tests.bundles import tiny_picture, tiny_probabilities, write_tiny_bundle
from tests.serving.test_draw import ACROSS, BEST, wait_for
from tests.serving.web_runtimes import real_runtime, write_fake_runtime

__all__ = ["real_runtime"]

pytest.importorskip("onnx")


def open_static(browser: Any, folder: Path, runtime: Path | None, width: int = 1280) -> None:
    write_tiny_bundle(folder / "bundle", neighbours=True)
    page = write_static_page(folder / "bundle", folder / "page", runtime)
    resize(browser, width)
    browser.get(page.index.as_uri())
    wait_for(browser, "document.querySelectorAll('#facts div').length > 3")


def test_a_drawing_is_answered_without_a_service(browser: Any, tmp_path: Path) -> None:
    open_static(browser, tmp_path, write_fake_runtime(tmp_path))
    stroke(browser, ACROSS)
    wait_for(browser, BEST, "horizontal line")
    wait_for(browser, "document.querySelectorAll('#near-list li').length", 6)
    assert browser.execute_script("return document.querySelector('#near-list span').textContent") == "horizontal line"
    assert browser.get_log("browser") == []


TAKE = """
const [bytes, done] = arguments;
const input = Object.assign(document.createElement("input"), {type: "file"});
const place = ({bitmap}) => done([...sketchfit.pixelsOf(sketchfit.pictureCanvas(bitmap)).data.slice(0, 3)]);
sketchfit.listenToUploads({input, button: input, target: document.body, place, fail: done});
const chosen = new DataTransfer();
chosen.items.add(new File([new Uint8Array(bytes)], "picture.png", {type: "image/png"}));
input.files = chosen.files;
input.dispatchEvent(new Event("change"));
"""


def with_gamma(png: bytes) -> bytes:
    """A PNG that states linear light and the primaries of sRGB."""
    primaries = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    chunks = (
        (b"cHRM", b"".join(value.to_bytes(4, "big") for value in primaries)),
        (b"gAMA", (100_000).to_bytes(4, "big")),
    )
    header = 8 + 25  # the mark of a PNG and IHDR
    return png[:header] + b"".join(chunk(*one) for one in chunks) + png[header:]


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def test_colours_of_a_file_are_those_of_training(browser: Any, tmp_path: Path) -> None:
    open_static(browser, tmp_path, write_fake_runtime(tmp_path))
    data = with_gamma(cv2.imencode(".png", np.full((20, 30, 3), (50, 100, 200), np.uint8))[1].tobytes())
    assert decode(data)[0, 0].tolist() == [200, 100, 50]
    assert browser.execute_async_script(TAKE, list(data)) == [200, 100, 50]


@pytest.mark.slow
@pytest.mark.parametrize("worker", [True, False])
def test_the_real_runtime_answers_as_the_bundle(browser: Any, tmp_path: Path, real_runtime: None, worker: bool) -> None:
    if not worker:
        source = {"source": "delete window.Worker"}
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["http://*", "https://*"]})
    open_static(browser, tmp_path, None, width=390)
    stroke(browser, line((0.5, 0.1), (0.5, 0.9)), "touch")
    wait_for(browser, BEST, "vertical line")
    path = tmp_path / "dot.png"
    cv2.imwrite(str(path), tiny_picture("horizontal", 200))
    browser.find_element("css selector", "#file").send_keys(str(path))
    wait_for(browser, BEST, "horizontal line")
    shown = browser.execute_script("return document.querySelector('#top span').textContent")
    expected = BundleModel.open(tmp_path / "bundle").manifest.names
    assert expected[0] == "horizontal line"
    assert float(shown.split()[0]) == pytest.approx(
        100 * tiny_probabilities(tiny_picture("horizontal", 200)[None])[0, 0], abs=0.6
    )
    assert browser.get_log("browser") == []


@pytest.mark.slow
def test_a_plain_file_server_is_enough(browser: Any, tmp_path: Path) -> None:
    open_static(browser, tmp_path, write_fake_runtime(tmp_path))
    handler = partial(_Quiet, directory=str(tmp_path / "page"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.get(f"http://127.0.0.1:{server.server_port}/")
        wait_for(browser, "document.querySelectorAll('#facts div').length > 3")
        stroke(browser, ACROSS)
        wait_for(browser, BEST, "horizontal line")
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.mark.slow
def test_a_missing_part_is_named(browser: Any, tmp_path: Path) -> None:
    runtime = write_fake_runtime(tmp_path)
    write_tiny_bundle(tmp_path / "bundle")
    page = write_static_page(tmp_path / "bundle", tmp_path / "page", runtime)
    (tmp_path / "page" / "data" / "model-0.js").unlink()
    browser.get(page.index.as_uri())
    wait_for(browser, "document.querySelectorAll('#facts div').length > 3")
    stroke(browser, ACROSS)
    wait_for(browser, "document.querySelector('#problem').textContent.includes('incomplete')")


@pytest.mark.slow
def test_rules_agree_with_python(browser: Any, tmp_path: Path) -> None:
    open_static(browser, tmp_path, write_fake_runtime(tmp_path))
    prob = np.random.default_rng(0).dirichlet(np.full(12, 0.3), 40).astype(np.float32)
    order = np.argsort(-prob, axis=1, kind="stable")
    for score, threshold in (("lac", 0.9), ("lac", 0.2), ("aps", 0.8), ("raps", 0.95)):
        rule = ConformalSets(score, threshold, 0.9, 100)  # type: ignore[arg-type]
        found = browser.execute_script(
            "const [probs, orders, score, threshold] = JSON.parse(arguments[0]);"
            "return probs.map((p, i) => sketchfit.conformalSet(p, orders[i], score, threshold))",
            json.dumps([prob.tolist(), order.tolist(), score, threshold]),
        )
        expected = [[int(k) for k in row if inside[k]] for row, inside in zip(order, rule.sets(prob), strict=True)]
        assert found == expected


@pytest.mark.slow
@pytest.mark.parametrize("weighed", [False, True])
def test_p_values_agree_with_python(browser: Any, tmp_path: Path, weighed: bool) -> None:
    open_static(browser, tmp_path, write_fake_runtime(tmp_path))
    rng = np.random.default_rng(1)
    known, prob = (rng.dirichlet(np.full(12, 0.3), count).astype(np.float32) for count in (60, 40))
    prob[0] = np.eye(12)[3]
    for score in SCORES:
        rule = make_unknown_rule(known, np.arange(60) // 3 if weighed else None, score, 0.7 if weighed else 1.0)
        found = browser.execute_script(
            "const [probs, rule] = JSON.parse(arguments[0]); return probs.map((p) => sketchfit.knownShare(p, rule))",
            json.dumps([prob.tolist(), rule.model_dump()]),
        )
        assert_allclose(found, unknown_test(rule).p_values(prob), atol=1e-9)


@pytest.mark.slow
def test_half_precision_and_heat_agree_with_numpy(browser: Any, tmp_path: Path) -> None:
    open_static(browser, tmp_path, write_fake_runtime(tmp_path))
    values = np.concatenate([np.random.default_rng(0).normal(size=200), [0, -0.0, 6e-8, 65504, -1e-5]]).astype("<f2")
    found = browser.execute_script(
        "return [...sketchfit.fromHalf(new Uint16Array(JSON.parse(arguments[0])))]",
        json.dumps(values.view("<u2").tolist()),
    )
    assert_allclose(found, values.astype(np.float32), rtol=0, atol=0)

    picture = tiny_picture("vertical", 24)
    picture[3:6, 2:9] = 90
    heat = browser.execute_async_script(
        "const [data, full, done] = [JSON.parse(arguments[0]), arguments[1], arguments[2]];"
        "const pixels = {data: new Uint8Array(data), height: 24, width: 24, channels: 3};"
        "const share = async ({data}) => data.reduce((sum, value) => sum + (255 - value) / 255, 0) / data.length;"
        "sketchfit.occlusionHeat(pixels, full, share, () => true).then(done)",
        json.dumps(picture.ravel().tolist()),
        float((255 - picture.astype(float)).mean() / 255),
    )
    expected = occlusion_heat(lambda p: ((255 - p.astype(np.float64)).mean(axis=(1, 2, 3)) / 255)[:, None], picture, 0)  # type: ignore[arg-type, return-value]
    assert_allclose(heat, expected, atol=1e-6)
