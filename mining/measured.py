"""What the measuring steps leave in the run's work folder, and how `publish` takes it up again: without what measuring needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import TypeAdapter

from mining.findings import Bottleneck, Changed, Graph, Kpis, Model, Rework, Variant, Watch
from mining.morning_findings import Morning, Spectrum


@dataclass(frozen=True)
class Span:
    """Of the events that were mined."""

    first_event: str  # ISO 8601, UTC
    last_event: str
    ties: float  # share of the events at the time of the one before


@dataclass(frozen=True)
class Discovered:
    """What `discover` finds."""

    graph: Graph
    levels: tuple[Graph, ...]  # the graph again for each level of the map
    variants: tuple[Variant, ...]
    model: Model | None
    model_note: str
    kpis: Kpis
    rework: tuple[Rework, ...]
    changed: Changed
    span: Span
    morning: Morning  # without the spectrum; its headline without what `regressions` finds


@dataclass(frozen=True)
class Located:
    """What `bottlenecks` finds."""

    bottlenecks: tuple[Bottleneck, ...]
    spectrum: Spectrum | None


Result = TypeVar("Result", Discovered, Located, Watch)
_FILES: Final[dict[type, str]] = {Discovered: "discovered.json", Located: "bottlenecks.json", Watch: "watch.json"}


def keep(found: Result, work: Path) -> None:
    """Write it to the work folder."""
    (work / _FILES[type(found)]).write_bytes(TypeAdapter(type(found)).dump_json(found))


def kept(kind: type[Result], work: Path) -> Result:
    """What `keep` wrote."""
    return TypeAdapter(kind).validate_json((work / _FILES[kind]).read_bytes())
