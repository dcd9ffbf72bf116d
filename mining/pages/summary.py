"""What the lists and feeds need of a night, in a small file beside its findings: a site of many nights is listed at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from mining.findings import Alert, Bottleneck, Findings, Kpis
from mining.morning_findings import Headline

Found = TypeVar("Found")
FINDINGS = TypeAdapter(Findings)


@dataclass(frozen=True)
class Summary:
    """One night that was mined."""

    title: str
    languages: tuple[str, ...]
    checks: int
    checks_passed: int
    new_events: int
    kpis: Kpis
    headline: Headline | None
    worst: Bottleneck | None  # the hand-over that takes the largest share of the cycle time
    open: int  # alerts at its end
    turns: tuple[Alert, ...]  # of this night

    @classmethod
    def of(cls, findings: Findings) -> Summary:
        watch = findings.watch
        return cls(
            title=findings.title,
            languages=findings.languages,
            checks=len(findings.checks),
            checks_passed=sum(check.passed for check in findings.checks),
            new_events=findings.data.new_events,
            kpis=findings.kpis,
            headline=findings.morning.headline if findings.morning else None,
            worst=next((bottleneck for bottleneck in findings.bottlenecks if bottleneck.rank == 1), None),
            open=len(watch.open) if watch else 0,
            turns=watch.turns if watch else (),
        )


_SUMMARY = TypeAdapter(Summary)


def write_summary(findings: Findings, folder: Path) -> None:
    """Write folder/summary.json."""
    (folder / "summary.json").write_bytes(_SUMMARY.dump_json(Summary.of(findings)))


def read_summary(folder: Path) -> Summary | None:
    """Of a night's folder; None where it was not mined, or what it found cannot be read.

    Nights that were published before there were summaries are read whole.
    """
    found = read(folder / "summary.json", _SUMMARY)
    if found is None and (findings := read(folder / "findings.json", FINDINGS)):
        return Summary.of(findings)
    return found


def read(file: Path, kind: TypeAdapter[Found]) -> Found | None:
    """What a file holds; None where it is not there, or is none of the kind."""
    try:
        return kind.validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
