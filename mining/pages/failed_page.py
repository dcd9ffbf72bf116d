"""The page of a night that could not be mined: silence is never success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from mining.findings import Check
from mining.languages import speaking
from mining.languages.editions import editions
from mining.pages.rendering import write_page, write_text
from mining.process import Process


@dataclass(frozen=True)
class FailedNight:
    """What is known of a night that was not mined; kept as failed.json beside its page."""

    process: str
    title: str
    owner: str | None
    night: str  # YYYY-MM-DD
    reason: str
    checks: tuple[Check, ...]
    languages: tuple[str, ...] = ("en",)  # of its pages; index.html is in the first


FAILED_NIGHT = TypeAdapter(FailedNight)


def write_failed_night(process: Process, night: date, reason: str, checks: Sequence[Check], into: Path) -> Path:
    """Write into/index.html, in all languages, and into/failed.json for a night without data or that did not pass the gate."""
    failed = FailedNight(
        process=process.process,
        title=process.title,
        owner=process.owner.name if process.owner else None,
        night=night.isoformat(),
        reason=reason,
        checks=tuple(checks),
        languages=process.language_codes,
    )
    write_text(into / "failed.json", FAILED_NIGHT.dump_json(failed, indent=2).decode() + "\n")
    files = editions(process.spoken)
    for language in files:
        with speaking(language):
            write_page(into, files, "failed.html", failed=failed, root="../../")
    return into / "index.html"
