"""What readers get of the published nights: which there are, and which files of them are given out, with their headers.

Shared by every door: the small server (`mining/serve.py`) and the pages inside Airflow (`plugins/`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from mining.findings import Findings
from mining.pages.failed_page import FAILED_NIGHT
from mining.pages.rendering import CONTENT_SECURITY_POLICY

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".atom": "application/atom+xml",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".dot": "text/vnd.graphviz; charset=utf-8",
    ".bpmn": "application/xml",
    ".pnml": "application/xml",
    ".parquet": "application/vnd.apache.parquet",
}
# What only a header can say: no other site puts a page into a frame of its own, or lets it send a form elsewhere.
_PAGE_POLICY = f"{CONTENT_SECURITY_POLICY}; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
# A map opened by itself brings its own style sheet, and nothing that runs.
_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
PROCESS_NAME = "[a-z][a-z0-9_]*"
_DAY = r"\d{4}-\d{2}-\d{2}"
_FINDINGS = TypeAdapter(Findings)


def headers(name: str = "") -> dict[str, str]:
    """The headers of an answer that is, or is in the place of, the file `name`."""
    return {
        "Content-Security-Policy": _SVG_POLICY if name.endswith(".svg") else _PAGE_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-cache",
    }


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def find(root: Path, names: Sequence[str]) -> Path | None:
    """The file that `names`, decoded parts of a path below `root`, ask for; of a folder, its index.html.

    None if there is none that may be read. Links are followed first, so that none leads out of `root`.
    """
    if any(name.startswith(".") or set(name) & set("/\\\0") for name in names):
        return None
    asked = root.joinpath(*names)
    try:
        found = (asked / "index.html" if asked.is_dir() else asked).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
    return found if found.is_relative_to(root) and found.is_file() and found.suffix in TYPES else None


@dataclass(frozen=True)
class Published:
    """The nights below `root`, which are all of an installation's."""

    root: Path

    def processes(self) -> list[str]:
        """Processes with a night, by name."""
        return sorted(name for name in self._folders(self.root, PROCESS_NAME) if self.days(name))

    def days(self, process: str) -> list[date]:
        """The nights of a process, newest first; none if there is no such process."""
        folder = self._of(process)
        if folder is None:
            return []
        return sorted(filter(None, map(_day, self._folders(folder, _DAY))), reverse=True)

    def findings(self, process: str, day: date) -> Findings | None:
        """What a night found; None if it was not mined, or what it found cannot be read."""
        file = self.file(process, [day.isoformat(), "findings.json"])
        try:
            return _FINDINGS.validate_json(file.read_bytes()) if file else None
        except (OSError, ValidationError):
            return None

    def newest(self, process: str) -> Findings | None:
        """What the newest night that was mined found."""
        return next((found for day in self.days(process) if (found := self.findings(process, day))), None)

    def reason(self, process: str, day: date) -> str:
        """Why a night was not mined; "" if it was."""
        if self.file(process, [day.isoformat(), "findings.json"]):
            return ""
        file = self.file(process, [day.isoformat(), "failed.json"])
        try:
            return FAILED_NIGHT.validate_json(file.read_bytes()).reason if file else "It left nothing that can be read."
        except (OSError, ValidationError):
            return "It left nothing that can be read."

    def file(self, process: str, names: Sequence[str]) -> Path | None:
        """A file of one process; nothing of another one, even where a link leads there."""
        folder = self._of(process)
        return find(folder, names) if folder else None

    def asset(self, names: Sequence[str]) -> Path | None:
        """A file that all pages share, such as the style sheet: it holds nothing of any process."""
        return find(self.root.resolve() / "assets", names)

    def _of(self, process: str) -> Path | None:
        folder = self.root.resolve() / process
        return folder if re.fullmatch(PROCESS_NAME, process) and folder.is_dir() and not folder.is_symlink() else None

    @staticmethod
    def _folders(inside: Path, named: str) -> list[str]:
        if not inside.is_dir():
            return []
        with os.scandir(inside) as entries:  # which knows the kind of an entry without asking for each
            return [found.name for found in entries if re.fullmatch(named, found.name) and found.is_dir()]
