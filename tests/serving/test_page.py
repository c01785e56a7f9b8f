"""The page's files: types, compression, caching, and nothing from other hosts."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("httpx")
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sketchfit.serving.page import STATIC_SCRIPTS, page_files, page_routes


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=page_routes()))


def test_the_page_and_all_that_it_names_are_served(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    named = re.findall(r'(?:src|href)="(web/[^"]+)"', page.text)
    assert len(named) > 10
    for name in named:
        assert client.get(f"/{name}").status_code == 200, name
    assert not set(STATIC_SCRIPTS) & {name.removeprefix("web/") for name in named}


def test_files_are_compressed_where_the_client_can_read_it(client: TestClient) -> None:
    plain = client.get("/web/style.css", headers={"Accept-Encoding": "identity"})
    packed = client.get("/web/style.css", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])


def test_a_file_that_has_not_changed_is_not_sent_again(client: TestClient) -> None:
    etag = client.get("/web/page.js").headers["etag"]
    again = client.get("/web/page.js", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/web/page.js", headers={"If-None-Match": 'W/"other"'}).status_code == 200


@pytest.mark.parametrize("name", ["nothing.js", "..%2fpage.py", "%2e%2e/page.py", "local.js", "index.html"])
def test_other_files_are_not_served(client: TestClient, name: str) -> None:
    assert client.get(f"/web/{name}").status_code == 404


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, content in page_files().items():
        text = content.decode("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.", text), name
    index = page_files()["index.html"].decode("utf-8")
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=", index)


def test_each_control_has_a_name() -> None:
    index = page_files()["index.html"].decode("utf-8")
    labelled = set(re.findall(r'<label for="([^"]+)"', index))
    for control, name in re.findall(r'<(input|select)[^>]*id="([^"]+)"[^>]*>', index):
        inside = re.search(rf'<label[^>]*><{control}[^>]*id="{name}"', index)
        assert name in labelled or inside or f'id="{name}" accept' in index, name
    for attributes, content in re.findall(r"<button([^>]*)>(.*?)</button>", index):
        assert "aria-label" in attributes or re.sub(r"<[^>]+>", "", content).strip()
