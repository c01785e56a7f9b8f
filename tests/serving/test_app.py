"""The service through its ASGI interface: answers, refusals, token, headers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from sketchfit.bundle.manifest import UnknownRule
from sketchfit.bundle.model import BundleModel
from sketchfit.errors import UserError
from sketchfit.serving.app import create_app
from sketchfit.serving.explaining import MOST_WAITING, Explainer
from sketchfit.serving.settings import Capacity, RequestLimits, ServiceSettings
from tests.bundles import LABELS, tiny_picture, write_tiny_bundle

KINDS = ("horizontal", "vertical", "dot")


def png(kind: str, side: int = 32) -> bytes:
    return bytes(cv2.imencode(".png", tiny_picture(kind, side))[1].tobytes())


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    write_tiny_bundle(folder, neighbours=True)
    return folder


@pytest.fixture(scope="module")
def client(bundle: Path) -> Iterator[TestClient]:
    with TestClient(create_app(ServiceSettings(bundle, threads=1))) as found:
        yield found


def limited(bundle: Path, token: str | None = None, **changes: Any) -> TestClient:
    return TestClient(
        create_app(replace(ServiceSettings(bundle, threads=1), **changes), token), raise_server_exceptions=False
    )


@pytest.mark.parametrize("side", [32, 100])
def test_an_image_gets_the_answer_of_the_model(client: TestClient, bundle: Path, side: int) -> None:
    answer = client.post("/predict", content=png("vertical", side), headers={"content-type": "image/png"})
    assert answer.status_code == 200
    (found,) = answer.json()["predictions"]
    expected = BundleModel.open(bundle).proba([tiny_picture("vertical", side)])[0]
    assert (found["label"], found["name"]) == ("1", "vertical line")
    assert found["probability"] == pytest.approx(expected[1], abs=1e-6)
    assert [one["label"] for one in found["top"]] == [LABELS[k] for k in np.argsort(-expected, kind="stable")]
    assert found["unknown"] is False
    assert found["coverage"] == 0.95
    assert "damage" not in found


def test_three_ways_to_send_images_give_the_same(client: TestClient) -> None:
    files = [("images", (kind, png(kind), "image/png")) for kind in KINDS]
    encoded = [base64.b64encode(png(kind)).decode() for kind in KINDS]
    by_form = client.post("/predict", files=files).json()["predictions"]
    by_json = client.post("/predict", json={"images": encoded}).json()["predictions"]
    alone = [client.post("/predict", content=png(kind)).json()["predictions"][0] for kind in KINDS]
    assert [one["label"] for one in by_form] == list(LABELS)
    for first, second, third in zip(by_form, by_json, alone, strict=True):
        assert first["top"] == second["top"] == third["top"]


def test_one_unreadable_image_fails_alone(client: TestClient) -> None:
    files = [("images", ("a", data, "image/png")) for data in (png("dot"), b"broken", png("vertical"), b"")]
    answer = client.post("/predict", files=files)
    found = answer.json()["predictions"]
    assert answer.status_code == 200
    assert [one.get("label") for one in found] == ["2", None, "1", None]
    assert [sorted(one) for one in found if "error" in one] == [["error"], ["error"]]


def test_one_image_that_cannot_be_prepared_fails_alone(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with limited(bundle) as client:
        model = client.app.state.service.model
        real = model.prepare

        def prepare(image: np.ndarray) -> np.ndarray:
            if image.shape[0] == 40:
                raise MemoryError(f"secret {bundle}")
            return real(image)

        monkeypatch.setattr(model, "prepare", prepare)
        files = [("images", ("a", png("dot", side), "image/png")) for side in (32, 40, 64)]
        answer = client.post("/predict", files=files)
        assert answer.status_code == 200
        assert ["error" in one for one in answer.json()["predictions"]] == [False, True, False]
        assert "secret" not in answer.text
        assert client.post("/explain", content=png("dot", 40)).status_code == 422


def test_only_unreadable_images_are_422(client: TestClient) -> None:
    answer = client.post("/predict", content=b"broken")
    assert answer.status_code == 422
    assert "error" in answer.json()["predictions"][0]


def test_a_damaged_image_is_answered_with_a_note(client: TestClient) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    data = bytes(cv2.imencode(".png", noisy)[1].tobytes())
    answer = client.post("/predict", content=data[: len(data) * 2 // 3])
    assert answer.json()["predictions"][0]["damage"]


def test_parameters(client: TestClient) -> None:
    (found,) = client.post("/predict?top=1&coverage=0.9", content=png("dot")).json()["predictions"]
    assert len(found["top"]) == 1
    assert found["coverage"] == 0.9
    for query in ("top=0", "top=-1", "top=x", "top=99999", "coverage=2", "coverage=nan", "coverage=0.3", "reject=0"):
        answer = client.post(f"/predict?{query}", content=png("dot"))
        assert answer.status_code == 400, query
        assert answer.json()["error"]


def test_rules_that_a_bundle_lacks_are_refused_before_anything_is_computed(client: TestClient) -> None:
    def computed() -> float:
        return float(client.get("/metrics").text.partition("sketchfit_batch_images_count ")[2].split()[0])

    before = computed()
    for query, lacking in (("coverage=0.3", "coverage 0.3"), ("reject=0.05", "unknown classes")):
        answer = client.post(f"/predict?{query}", content=png("dot"))
        assert answer.status_code == 400
        assert lacking in answer.json()["error"]
    assert client.post("/predict?coverage=0.3", content=png("dot")).json()["error"].count(". ") == 1
    assert computed() == before


def test_a_service_is_not_started_with_a_rate_that_its_bundle_cannot_keep(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path)
    with pytest.raises(UserError, match="no rule"):
        create_app(ServiceSettings(tmp_path, threads=1, reject=0.05))
    write_tiny_bundle(tmp_path, unknown=UnknownRule(score="least-confidence", known=(0.1,) * 19))
    with limited(tmp_path, reject=0.05) as client:
        assert client.post("/predict", content=png("dot")).status_code == 200
    with pytest.raises(UserError, match="smallest rate"):
        create_app(ServiceSettings(tmp_path, threads=1, reject=0.04))


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("POST", "/predict", b"", "image/png", 400),
        ("POST", "/predict", b"<html>", "text/html", 415),
        ("POST", "/predict", b"{", "application/json", 400),
        ("POST", "/predict", b"--X\r\n", "multipart/form-data; boundary=X", 400),
        ("GET", "/predict", b"", "", 405),
        ("GET", "/nowhere", b"", "", 404),
        ("POST", "/predict/", b"x", "image/png", 404),
        ("POST", "/../../etc/passwd", b"x", "", 404),
    ],
)
def test_wrong_requests_get_a_status_and_a_reason(
    client: TestClient, method: str, path: str, body: bytes, kind: str, status: int
) -> None:
    answer = client.request(method, path, content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]


def test_the_length_of_an_answer_is_limited(client: TestClient) -> None:
    images = [base64.b64encode(png("dot")).decode()] * 6
    assert client.post("/predict?top=833", json={"images": images}).status_code == 200
    answer = client.post("/predict?top=834", json={"images": images})
    assert answer.status_code == 400
    assert "833" in answer.json()["error"]


def test_limits_of_a_request(bundle: Path) -> None:
    data = png("dot")
    with limited(bundle, limits=RequestLimits(bytes=len(data), images=2)) as client:
        assert client.post("/predict", content=data).status_code == 200
        assert client.post("/predict", content=data + b"x").status_code == 413
        chunks = client.post("/predict", content=iter([data, b"x"]))
        assert chunks.status_code == 413
        assert client.post("/predict", json={"images": ["YQ=="] * 3}).status_code == 413


def test_more_images_than_the_queue_holds_are_refused(bundle: Path) -> None:
    with limited(bundle, capacity=Capacity(images=2)) as client:
        assert client.post("/predict", json={"images": ["YQ=="] * 2}).status_code == 422
        client.app.state.service.admission.admit(2)
        answer = client.post("/predict", content=png("dot"))
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        client.app.state.service.admission.release(2)
        assert client.post("/predict", content=png("dot")).status_code == 200
        assert client.app.state.service.admission.images == 0
        assert client.app.state.service.admission.bytes == 0


@pytest.mark.parametrize("images", [3, 4, 10])
def test_images_for_which_there_is_never_room_are_too_many(bundle: Path, images: int) -> None:
    with limited(bundle, capacity=Capacity(images=2)) as client:
        assert client.post("/predict", json={"images": ["YQ=="] * images}).status_code == 413
        assert client.app.state.service.admission.images == 0


def test_a_deadline_ends_a_request(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    with limited(bundle, limits=RequestLimits(seconds=0.2)) as client:
        batcher = client.app.state.service.batcher
        monkeypatch.setattr(batcher, "_compute", lambda pictures: time.sleep(1))
        answer = client.post("/predict", content=png("dot"))
        assert answer.status_code == 503
        assert client.app.state.service.admission.images == 0


def test_a_failure_inside_gives_no_details(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(pictures: np.ndarray) -> None:
        raise RuntimeError(f"secret {bundle}")

    with limited(bundle) as client:
        monkeypatch.setattr(client.app.state.service.batcher, "_compute", fail)
        answer = client.post("/predict", content=png("dot"))
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert str(bundle) not in answer.text
        monkeypatch.undo()
        assert client.post("/predict", content=png("dot")).status_code == 200
        assert 'path="/predict",status="500"} 1' in client.get("/metrics").text


def test_a_token_is_required_where_there_is_one(bundle: Path) -> None:
    token = "0123456789abcdef"
    with limited(bundle, token) as client:
        for given in ("", "Bearer", "Bearer wrong", token, f"Basic {token}", f"bearer {token}", "Bearer \xe9"):
            headers = {"authorization": given.encode("latin-1")} if given else {}
            answer = client.post("/predict", content=png("dot"), headers=headers)
            assert answer.status_code == 401, given
            assert answer.headers["www-authenticate"] == "Bearer"
        assert client.get("/metrics").status_code == 401
        for path in ("/health", "/ready"):
            assert client.get(path).status_code == 200
        answer = client.post("/predict", content=png("dot"), headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 200


def test_pages_of_other_origins_read_nothing_unless_allowed(bundle: Path, client: TestClient) -> None:
    headers = {"origin": "https://a.example", "access-control-request-method": "POST"}
    assert "access-control-allow-origin" not in client.options("/predict", headers=headers).headers
    with limited(bundle, "0123456789abcdef", origins=("https://a.example",)) as shared:
        answer = shared.options("/predict", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "https://a.example"
        headers["origin"] = "https://b.example"
        assert "access-control-allow-origin" not in shared.options("/predict", headers=headers).headers


def test_headers_are_safe_and_the_state_is_known(client: TestClient) -> None:
    answer = client.get("/health")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json() == {"status": "ok"}
    assert client.get("/ready").json() == {"status": "ready"}
    client.app.state.service.ready = False
    assert client.get("/ready").status_code == 503
    client.app.state.service.ready = True


def test_figures_are_counted(bundle: Path) -> None:
    with limited(bundle) as client:
        client.post("/predict", files=[("a", ("a", data, "image/png")) for data in (png("dot"), b"x")])
        text = client.get("/metrics").text
    assert 'sketchfit_requests_total{path="/predict",status="200"} 1' in text
    assert 'sketchfit_images_total{outcome="predicted"} 1' in text
    assert 'sketchfit_images_total{outcome="unreadable"} 1' in text
    assert "sketchfit_predict_seconds_count 1" in text


def test_images_in_work_are_counted_while_they_are(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with limited(bundle) as client:
        service, seen = client.app.state.service, []
        real = service.batcher._compute
        monkeypatch.setattr(
            service.batcher, "_compute", lambda one: (seen.append(service.metrics.text()), real(one))[1]
        )
        client.post("/predict", json={"images": [base64.b64encode(png("dot")).decode()] * 2})
        assert "sketchfit_images_in_work 2\n" in seen[0]
        assert "sketchfit_images_in_work 0\n" in client.get("/metrics").text


def test_an_explanation_has_a_heat_map_and_near_drawings(client: TestClient) -> None:
    answer = client.post("/explain", content=png("vertical"))
    assert answer.status_code == 200
    found = answer.json()
    assert found["label"] == "1"
    heat = np.array(found["heat"])
    assert heat.ndim == 2
    middle = heat.shape[1] // 2
    assert heat[:, middle - 1 : middle + 1].sum() > heat[:, 0].sum()  # the line is in the middle
    assert found["neighbours"][0]["label"] == "1"
    assert client.post("/explain?label=2", content=png("vertical")).json()["label"] == "2"
    assert client.post("/explain?label=nothing", content=png("vertical")).status_code == 400
    assert client.post("/explain", content=b"broken").status_code == 422
    assert client.post("/explain", json={"images": ["YQ==", "YQ=="]}).status_code == 413


def test_a_bundle_without_drawings_explains_without_them(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path)
    with limited(tmp_path) as client:
        assert client.post("/explain", content=png("dot")).json()["neighbours"] == []
        assert client.get("/model").json()["neighbours"] is False


def test_drawings_of_no_class_are_refused_at_the_start(tmp_path: Path) -> None:
    write_tiny_bundle(tmp_path, neighbours=True, labels=LABELS[:2], names=LABELS[:2])
    with pytest.raises(UserError, match="labels of no class"):
        Explainer(BundleModel.open(tmp_path, threads=1))


def test_the_model_is_described(client: TestClient) -> None:
    found = client.get("/model").json()
    assert found["labels"] == list(LABELS)
    assert found["neighbours"] is True


def test_too_many_explanations_are_refused(bundle: Path) -> None:
    with limited(bundle) as client:
        client.app.state.service.explainer._in_work = MOST_WAITING
        answer = client.post("/explain", content=png("dot"))
        assert answer.status_code == 429
        assert answer.headers["retry-after"]


def test_pages_load_nothing_from_elsewhere(client: TestClient) -> None:
    for path in ("/", "/docs"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert (answer.headers["x-content-type-options"], answer.headers["referrer-policy"]) == (
            "nosniff",
            "no-referrer",
        )
        assert not re.search(r"(?:src|href)=.(?:https?:)?//", answer.text)


def test_the_description_names_every_address_and_only_those(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    routes = {(route.path, method) for route in client.app.routes for method in route.methods if method != "HEAD"}
    described = {(path, method.upper()) for path, methods in found["paths"].items() for method in methods}
    assert routes - described == {(path, "GET") for path in ("/", "/web/{name}", "/docs", "/openapi.json")}
    assert described <= routes
    text = json.dumps(found)
    names = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert names <= set(found["components"]["schemas"])
    assert {"PredictAnswer", "LabelledImage", "Explanation"} <= names
