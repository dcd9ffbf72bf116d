"""The pages without Airflow: a small server of static files, for one's own machine."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from mining.errors import InputError
from mining.pages import CONTENT_SECURITY_POLICY

# A map opened by itself brings its own style sheet, and nothing that runs.
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".dot": "text/vnd.graphviz; charset=utf-8",
    ".bpmn": "application/xml",
    ".pnml": "application/xml",
    ".parquet": "application/vnd.apache.parquet",
}


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
    extensions_map = _TYPES

    def send_head(self) -> BytesIO | BinaryIO | None:
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
        if any(name.startswith(".") or set(name) & set("/\\\0") for name in names):
            return None
        root = Path(self.directory)
        asked = root.joinpath(*names)
        try:
            found = (asked / "index.html" if asked.is_dir() or raw.endswith("/") else asked).resolve(strict=True)
        except (OSError, RuntimeError):
            return None
        allowed = found.is_relative_to(root) and found.is_file() and found.suffix in _TYPES
        return found if allowed else None

    def end_headers(self) -> None:
        is_svg = urlsplit(self.path).path.endswith(".svg") if hasattr(self, "path") else False
        self.send_header("Content-Security-Policy", _SVG_POLICY if is_svg else CONTENT_SECURITY_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the terminal belongs to whoever started this."""
