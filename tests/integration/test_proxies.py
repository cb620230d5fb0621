"""The examples of reverse proxies in `deploy/`, run by the proxies themselves where those are installed."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
SECRET = "abcdefabcdef.SECRETSECRETSECRETSECRETSECRETSECRETSECRETS"
ADDRESS = f"/client_link?link={SECRET}&page=2"
CALLBACK = "/oauth2callback?code=CODECODE&state=STATESTATE"
HEADERS = (
    "Strict-Transport-Security",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "Content-Security-Policy",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def upstream(seen: list[str]) -> Iterator[int]:
    """The port of a server that notes what it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} for {self.headers['Host']}")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def get(port: int, path: str) -> http.client.HTTPResponse:
    """The answer through the proxy, as soon as it listens."""
    for _ in range(100):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path, headers={"Host": "reviews.example.com", "Referer": ADDRESS})
            return connection.getresponse()
        except ConnectionError:
            time.sleep(0.05)
    raise TimeoutError("the proxy does not listen")


def caddy(folder: Path, port: int, behind: int) -> list[str]:
    """Caddy's example without TLS on ports of the test: the command that runs it."""
    text = (DEPLOY / "Caddyfile").read_text()
    text = text.replace("reviews.example.com {", f"http://reviews.example.com:{port} {{")
    text = text.replace("{\n\t# what", "{\n\tadmin off\n\t# what", 1).replace(":8501", f":{behind}")
    (folder / "Caddyfile").write_text(text)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def nginx(folder: Path, port: int, behind: int) -> list[str]:
    """nginx's example without TLS on ports of the test: the command that runs it."""
    text = (DEPLOY / "nginx.conf").read_text()
    text = text.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};").replace(":8501", f":{behind}")
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    text = re.sub(r"\n *ssl_certificate.*", "", text).replace("/var/log/nginx", str(folder))
    main = f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/main.log crit;\n"
    bodies = " ".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(f"{main}events {{}}\nhttp {{ {bodies}\n{text}\n}}\n")
    return ["nginx", "-e", str(folder / "early.log"), "-c", str(folder / "nginx.conf")]


@pytest.mark.parametrize("proxy", [caddy, nginx], ids=lambda proxy: proxy.__name__)
def test_a_proxy_passes_everything_on_and_writes_no_secret_down(proxy, tmp_path):
    if shutil.which(proxy.__name__) is None:
        pytest.skip(f"{proxy.__name__} is not installed")
    seen: list[str] = []
    with upstream(seen) as behind, (tmp_path / "said.log").open("w") as said:
        port = free_port()
        running = subprocess.Popen(proxy(tmp_path, port, behind), stdout=said, stderr=said)
        try:
            answers = [get(port, ADDRESS), get(port, CALLBACK)]
        finally:
            stopped = free_port()  # nothing listens there any more
            running.terminate()
            running.wait(timeout=10)
        down = subprocess.Popen(proxy(tmp_path, port, stopped), stdout=said, stderr=said)
        try:
            assert get(port, ADDRESS).status == 502
        finally:
            down.terminate()
            down.wait(timeout=10)
    assert [answer.status for answer in answers] == [204, 204]
    assert seen == [f"{path} for reviews.example.com" for path in (ADDRESS, CALLBACK)]
    assert all(answers[0].getheader(name) for name in HEADERS)
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert "/client_link" in logs, "the visit itself is on record"
    assert not any(word in logs for word in (SECRET, "CODECODE", "STATESTATE"))
