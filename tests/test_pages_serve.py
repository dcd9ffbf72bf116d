"""The small server: what it gives, with which headers, and what nobody gets out of it."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from mining.errors import InputError
from mining.pages.rendering import CONTENT_SECURITY_POLICY
from mining.serve import server

Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    nights = tmp_path / "nights"
    night = nights / "orders" / "2026-11-20"
    night.mkdir(parents=True)
    (nights / "index.html").write_text("<p>index")
    (night / "index.html").write_text("<p>night")
    (night / "map.svg").write_text("<svg/>")
    (night / "with space.csv").write_text("a,b")
    (night / "secret.txt").write_text("secret")
    (nights / ".making").mkdir()
    (nights / ".making" / "index.html").write_text("secret")
    (nights / "assets").mkdir()
    (tmp_path / "store.json").write_text("secret")
    (nights / "link.json").symlink_to(tmp_path / "store.json")
    (nights / "out").symlink_to(tmp_path)
    (nights / "latest").symlink_to(night)
    return nights


@pytest.fixture
def ask(root: Path) -> Iterator[Ask]:
    running = server(root)
    thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def _ask(path: str, method: str = "GET", host: str = "localhost") -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*running.server_address[:2], timeout=10)
        connection.putrequest(method, path, skip_host=True)  # sends the path as it is
        connection.putheader("Host", host)
        connection.endheaders()
        answer = connection.getresponse()
        found = answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    yield _ask
    running.shutdown()
    thread.join()
    running.server_close()


def test_pages_and_files_are_served_with_their_kind(ask: Ask) -> None:
    assert ask("/")[2] == b"<p>index"
    assert ask("/orders/2026-11-20/")[2] == b"<p>night"
    assert ask("/orders/2026-11-20/index.html?x=1#y")[2] == b"<p>night"
    assert ask("/latest/index.html")[2] == b"<p>night"  # a link that stays inside
    status, headers, body = ask("/orders/2026-11-20/with%20space.csv")
    assert (status, headers["content-type"], body) == (200, "text/csv; charset=utf-8", b"a,b")
    status, headers, _ = ask("/orders/2026-11-20")
    assert (status, headers["location"]) == (301, "/orders/2026-11-20/")


@pytest.mark.parametrize("path", ["/", "/orders/2026-11-20", "/nothing.html"])
def test_every_answer_carries_the_policy(ask: Ask, path: str) -> None:
    _, headers, _ = ask(path)
    policy = headers["content-security-policy"]
    assert policy == f"{CONTENT_SECURITY_POLICY}; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert "Python" not in headers["server"]


def test_a_map_alone_may_style_itself_but_runs_nothing(ask: Ask) -> None:
    policy = ask("/orders/2026-11-20/map.svg")[1]["content-security-policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"


@pytest.mark.parametrize(
    "path",
    [
        "/../store.json",
        "/orders/../../store.json",
        "/%2e%2e/store.json",
        "/..%2fstore.json",
        "/orders/..%2f..%2fstore.json",
        "/orders%2f2026-11-20%2findex.html",
        "/..%5cstore.json",
        "//etc/hostname",
        "/%2fetc/hostname",
        "/link.json",
        "/out/store.json",
        "/out/",
        "/.making/index.html",
        "/%2emaking/",
        "/assets/",
        "/orders/",
        "/orders/2026-11-20/secret.txt",
        "/index.html%00",
        "/index.html/",
        "/" + "a" * 5000 + ".html",
        "/%ff.html",
    ],
)
def test_nothing_else_is_given_out(ask: Ask, path: str) -> None:
    status, _, body = ask(path)
    assert status == 404
    assert b"secret" not in body


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:1", 200), ("[::1]", 200), ("evil.test", 421), ("[", 421), ("", 421)]
)
def test_another_name_for_this_machine_is_not_served(ask: Ask, host: str, status: int) -> None:
    found, _, body = ask("/", host=host)
    assert found == status
    assert (b"index" in body) == (status == 200)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_only_reads(ask: Ask, method: str) -> None:
    assert ask("/", method)[0] == 501


def test_head_has_no_body(ask: Ask) -> None:
    status, headers, body = ask("/", "HEAD")
    assert (status, headers["content-length"], body) == (200, "8", b"")


def test_a_port_in_use_is_an_input_error(root: Path) -> None:
    with server(root) as first, pytest.raises(InputError, match=r"cannot be served from.*--port"):
        server(root, port=first.server_address[1])


def test_a_file_that_may_not_be_read_is_not_found(ask: Ask, root: Path) -> None:
    os.mkfifo(root / "pipe.html")
    assert ask("/pipe.html")[0] == 404
