"""A Hugging Face hub on 127.0.0.1 that keeps commits in memory: what its client needs to push and to download."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_of_the_tests"
LARGE = (".safetensors", ".onnx", ".npz", ".bin")


@dataclass
class Repository:
    """A repository: its commits by name, the newest last, each a mapping of files."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        return list(self.commits)[-1]

    def add(self, files: dict[str, bytes]) -> str:
        number = hashlib.sha1(f"{len(self.commits)}{sorted(files)}".encode()).hexdigest()
        self.commits[number] = files
        return number

    def resolve(self, revision: str) -> str | None:
        return self.newest if revision == "main" else (revision if revision in self.commits else None)


@dataclass
class FakeHub:
    """What the server has, and what it was requested to do.

    Attributes:
        endpoint: its address.
        repositories: by `owner/name`.
        blobs: uploaded large files, by digest.
        requests: method and path of each request, and whether it had the token.
        owners: who may make repositories with the token.
        fail: status with which each request is refused; 0: none.
    """

    endpoint: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, bool]] = field(default_factory=list)
    owners: tuple[str, ...] = ("me",)
    fail: int = 0

    def files(self, repository: str) -> dict[str, bytes]:
        """The files of the newest commit."""
        one = self.repositories[repository]
        return one.commits[one.newest]

    def make(self, repository: str, files: dict[str, bytes], **fields: Any) -> Repository:
        """Add a repository with one commit."""
        one = self.repositories[repository] = Repository(**fields)
        one.add(files)
        return one


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of `huggingface_hub`."""

    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    @property
    def has_token(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _answer(self, method: str) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.hub.requests.append((method, path, self.has_token))
        try:
            if self.hub.fail:
                raise Refused(self.hub.fail, message="refused by the test")
            status, headers, content = self._route(method, path, body)
        except Refused as error:
            status, content = error.status, json.dumps({"error": error.message}).encode()
            headers = {"X-Error-Code": error.code, "X-Error-Message": error.message} if error.code else {}
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(content)

    def _route(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return _json({"errors": [], "warnings": []})
        if found := re.fullmatch(r"/upload/(\w+)", path):
            self.hub.blobs[found[1]] = body
            return _json({})
        if found := re.fullmatch(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            return self._batch(json.loads(body))
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self._file(found[1], found[2], found[3])
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|preupload|commit|tree)/([^/]+))?", path):
            repository = self._readable(found[1])
            if found[2] == "preupload":
                return self._preupload(repository, json.loads(body))
            if found[2] == "commit":
                return self._commit(found[1], repository, body)
            commit = self._resolved(repository, found[3] or "main")
            if found[2] == "tree":
                return _json([_entry(name, content) for name, content in repository.commits[commit].items()])
            return _json(_info(found[1], repository, commit))
        raise Refused(404, message=f"no such path: {method} {path}")

    def _create(self, wanted: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        owner = wanted.get("organization") or "me"
        name = f"{owner}/{wanted['name']}"
        if not self.has_token:
            raise Refused(401, message="no token")
        if owner not in self.hub.owners:
            raise Refused(403, message="You don't have the rights to create a model under this namespace")
        url = {"url": f"{self.hub.endpoint}/{name}"}
        if name in self.hub.repositories:
            return _json(url, 409)
        private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
        self.hub.make(name, {".gitattributes": b""}, private=private)
        return _json(url)

    def _readable(self, name: str) -> Repository:
        repository = self.hub.repositories.get(name)
        if repository is None or (repository.private and not self.has_token):
            raise Refused(401 if not self.has_token else 404, "RepoNotFound", "Repository not found")
        if repository.gated:
            raise Refused(403, "GatedRepo", "Access to this model is restricted")
        return repository

    def _resolved(self, repository: Repository, revision: str) -> str:
        commit = repository.resolve(revision)
        if commit is None:
            raise Refused(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return commit

    def _preupload(self, repository: Repository, wanted: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        known = repository.commits[repository.newest]
        files = []
        for one in wanted["files"]:
            large = one["path"].endswith(LARGE)
            content = known.get(one["path"])
            oid = None if content is None else (_sha256(content) if large else _git_hash(content))
            mode = "lfs" if large else "regular"
            files.append({"path": one["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return _json({"files": files})

    def _batch(self, wanted: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if not self.has_token:
            raise Refused(401, message="no token")
        objects = [
            {
                "oid": one["oid"],
                "size": one["size"],
                "actions": {"upload": {"href": f"{self.hub.endpoint}/upload/{one['oid']}", "header": {}}},
            }
            for one in wanted["objects"]
        ]
        return _json({"transfer": "basic", "objects": objects})

    def _commit(self, name: str, repository: Repository, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if not self.has_token:
            raise Refused(401, message="no token")
        files = dict(repository.commits[repository.newest])
        for line in body.splitlines():
            item = json.loads(line)
            key, value = item["key"], item["value"]
            if key == "header" and value.get("parentCommit") not in (None, repository.newest):
                raise Refused(412, message="A commit has happened since. Please refresh and try again.")
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            if key == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            if key == "deletedFile":
                del files[value["path"]]
        commit = repository.add(files)
        url = f"{self.hub.endpoint}/{name}/commit/{commit}"
        return _json({"success": True, "commitOid": commit, "commitUrl": url})

    def _file(self, name: str, revision: str, path: str) -> tuple[int, dict[str, str], bytes]:
        repository = self._readable(name)
        commit = self._resolved(repository, revision)
        content = repository.commits[commit].get(path)
        if content is None:
            raise Refused(404, "EntryNotFound", f"Entry not found: {path}")
        return 200, {"ETag": f'"{_etag(path, content)}"', "X-Repo-Commit": commit}, content


def _etag(path: str, content: bytes) -> str:
    return _sha256(content) if path.endswith(LARGE) else _git_hash(content)


def _entry(path: str, content: bytes) -> dict[str, Any]:
    entry = {"type": "file", "path": path, "size": len(content), "oid": _git_hash(content)}
    if path.endswith(LARGE):
        entry["lfs"] = {"oid": _sha256(content), "size": len(content), "pointerSize": 134}
    return entry


def _info(name: str, repository: Repository, commit: str) -> dict[str, Any]:
    return {
        "_id": "1",
        "id": name,
        "modelId": name,
        "sha": commit,
        "private": repository.private,
        "gated": False,
        "disabled": False,
        "tags": [],
        "downloads": 0,
        "likes": 0,
        "siblings": [{"rfilename": path} for path in repository.commits[commit]],
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _json(value: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


@contextmanager
def serving_hub() -> Iterator[FakeHub]:
    """Run a hub until the block ends."""
    hub = FakeHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfThisHub", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
