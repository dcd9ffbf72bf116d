"""The pages without Airflow: a small server of static files, for one's own machine."""

from __future__ import annotations

import re
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from mining.errors import InputError
from mining.published import TYPES, find, headers

_THIS_MACHINE = ("127.0.0.1", "[::1]", "localhost")


def serve(root: Path, host: str = "127.0.0.1", port: int = 8765) -> None:
    """Serve the nights under `root` until interrupted.

    Raises InputError where the address cannot be taken.
    """
    with server(root, host, port) as running:
        running.serve_forever()


def server(root: Path, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server that has its address already, but does not answer yet; port 0 takes any that is free."""
    try:
        return ThreadingHTTPServer((host, port), partial(_Pages, directory=str(root.resolve())))
    except OSError as error:
        raise InputError(f"{host}:{port} cannot be served from: {error.strerror}. Choose another --port.") from error


class _Pages(SimpleHTTPRequestHandler):
    """Reads only (GET, HEAD), only known kinds of files, only below the root, and lists no folder."""

    server_version = "Headrace"
    sys_version = ""
    extensions_map = TYPES

    def send_head(self) -> BytesIO | BinaryIO | None:
        if not self._is_meant():
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
            return None
        if self._file() is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def translate_path(self, path: str) -> str:
        """The file or folder asked for; only called once `_file` has found it."""
        return str(Path(self.directory, unquote(urlsplit(path).path).lstrip("/")))

    def _file(self) -> Path | None:
        """The file this request may read: links are followed first, so that none leads out of the root."""
        raw = urlsplit(self.path).path
        names = [unquote(part) for part in raw.split("/") if part]
        return find(Path(self.directory), [*names, "index.html"] if raw.endswith("/") else names)

    def _is_meant(self) -> bool:
        """Whether a name of this machine was asked for, where nobody else is served.

        A web site could give its own name this machine's address, and read the pages from within its visitor's browser.
        """
        asked = re.sub(r":\d*$", "", self.headers.get("Host", "").lower())
        bound_to: Any = self.server.server_address
        return bound_to[0] != "127.0.0.1" or asked in _THIS_MACHINE

    def end_headers(self) -> None:
        for name, value in headers(urlsplit(self.path).path if hasattr(self, "path") else "").items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the terminal belongs to whoever started this."""
