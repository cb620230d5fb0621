"""A repository of the Hugging Face hub as files: in a cache folder, or behind a server on this machine.

PYTEST_DONT_REWRITE: test modules import its helpers before pytest loads its fixtures.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from peachdash.sentiment import hub_encoders

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_COMMIT = "fedcba9876543210fedcba9876543210fedcba98"
IDENTIFIER = "tiny/encoder"
CARD = "---\nlicense: mit\n---\n# A tiny encoder\n"


def put_in_cache(cache: Path, source: Path, commit: str = COMMIT, identifier: str = IDENTIFIER) -> Path:
    """The files of a folder as the Hugging Face cache holds those of a repository; the snapshot's folder."""
    repository = cache / f"models--{identifier.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    shutil.copytree(source, snapshot)
    (snapshot / "README.md").write_text(CARD)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    return snapshot


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, and no network."""

    def fail(*arguments: Any, **options: Any) -> None:
        raise ConnectionError("no route to host")

    cache = tmp_path / "hub-cache"
    cache.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", fail)
    monkeypatch.setattr(hub_encoders, "_answers", {})
    return cache


@contextmanager
def hub_server(source: Path, commit: str = COMMIT) -> Iterator[tuple[str, list[str]]]:
    """A hub that has one repository, of the files of a folder; its address and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(send=False)

        def do_GET(self) -> None:
            self._answer(send=True)

        def _answer(self, *, send: bool) -> None:
            asked.append(self.path)
            path = self.path.partition("?")[0]
            if path.startswith("/api/"):
                known = path in (f"/api/models/{IDENTIFIER}", f"/api/models/{IDENTIFIER}/revision/main")
                body = json.dumps(_described(source, commit)).encode() if known else b"{}"
                self._send(200 if known else 404, body, send)
                return
            file = source / path.rpartition("/")[2]
            body = file.read_bytes()
            tag = hashlib.sha256(body).hexdigest()
            self._send(200, body, send, {"ETag": f'"{tag}"', "X-Repo-Commit": commit})

        def _send(self, status: int, body: bytes, send: bool, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(more or {})}.items():
                self.send_header(name, value)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()
            if send:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _described(source: Path, commit: str) -> dict[str, Any]:
    """What the hub tells of a repository."""
    files = []
    for path in sorted(source.iterdir()):
        row: dict[str, Any] = {"rfilename": path.name, "size": path.stat().st_size, "blobId": "b"}
        if path.suffix == ".safetensors":
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            row["lfs"] = {"sha256": sha256, "size": path.stat().st_size, "pointerSize": 130}
        files.append(row)
    return {"id": IDENTIFIER, "sha": commit, "siblings": files, "cardData": {"license": "apache-2.0"}}
