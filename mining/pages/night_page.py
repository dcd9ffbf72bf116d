"""The page of one night of one process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from markupsafe import Markup

from mining.findings import Bottleneck, Findings, Graph, Variant
from mining.flowchart import DifferenceChart, path_id
from mining.languages.editions import editions, languages_of
from mining.morning_findings import Curve, Curves
from mining.pages.attention import Attention, attention
from mining.pages.charts import Drawing
from mining.pages.night_map import LevelMap, shown_maps
from mining.pages.rendering import write_page
from mining.pages.views import Views

RANKED_SHOWN = 5  # as many as the map has badges for
VARIANTS_SHOWN = 6
REWORK_SHOWN = 8
TABLE_ROWS = 200  # of a table behind a picture; the rest is in the downloads
MOVES_FOR_RANGE = 20  # of fewer, how sure a share is cannot be told well
FEWEST = 5  # cases or moves, for a typical time of theirs
CHEVRONS = 14  # of one variant


@dataclass(frozen=True)
class Download:
    """A file beside the page."""

    label: str
    file: str  # path relative to the page
    about: str

    @property
    def kind(self) -> str:
        return Path(self.file).suffix.lstrip(".").lower()


@dataclass(frozen=True)
class Chevron:
    """A run of the same activity in a variant, or `times` steps that are left out (then without a name)."""

    activity: str | None
    times: int


def write_night(
    findings: Findings,
    maps: Sequence[LevelMap],
    downloads: Sequence[Download],
    into: Path,
    difference: DifferenceChart | None = None,
    charts: Mapping[str, Drawing] | None = None,
    views: Views | None = None,
) -> Path:
    """Write the page in the spoken language, in which `maps`, `difference` and `charts` are drawn; index.html if it is the first.

    It refers to ../../assets/ and ../nights.js, which `write_site` keeps, and to `downloads`. Without maps the page says that
    there is nothing to draw.
    """
    views = views or Views()
    return write_page(
        into,
        editions(languages_of(findings.languages)),
        "night.html",
        root=f"{views.root}../../",
        views=views,
        findings=findings,
        maps=shown_maps(maps),
        difference=Markup(difference.inline_svg("c0-")) if difference else None,  # noqa: S704 - escaped where it is made
        attention=_attention(findings),
        downloads=downloads,
        ranked=_ranked(findings.bottlenecks),
        ranked_shown=RANKED_SHOWN,
        unranked=[bottleneck for bottleneck in findings.bottlenecks if not bottleneck.rank],
        average_wait=_average_waits(findings.graph),
        bar_full=max((b.share_interval.high for b in findings.bottlenecks if b.rank), default=1.0) or 1.0,
        variants_shown=VARIANTS_SHOWN,
        rework_shown=REWORK_SHOWN,
        table_rows=TABLE_ROWS,
        charts=charts or {},
        cohort_ages=cohort_ages,
        finished_by=finished_by,
        typical_of=typical_of,
        moves_for_range=MOVES_FOR_RANGE,
        chevrons=chevrons,
        path_id=path_id,
    )


def _attention(findings: Findings) -> Attention | None:
    headline = findings.morning.headline if findings.morning else None
    return attention(findings.watch, findings.owner, headline) if findings.watch else None


def _ranked(bottlenecks: Sequence[Bottleneck]) -> list[Bottleneck]:
    return sorted((bottleneck for bottleneck in bottlenecks if bottleneck.rank), key=lambda b: b.rank)


def _average_waits(graph: Graph) -> dict[tuple[str, str], float]:
    """The averages that the map shows, so that the list beside it says the same: seconds, by path."""
    return {(flow.source, flow.target): flow.winsorised_mean_s for flow in graph.flows}


def chevrons(variant: Variant) -> list[Chevron]:
    """The steps of a variant, equal neighbours as one; of a long one the beginning and the end."""
    runs = [Chevron(activity, len(list(run))) for activity, run in groupby(variant.activities)]
    if len(runs) <= CHEVRONS:
        return runs
    hidden = runs[CHEVRONS - 3 : -2]
    return [*runs[: CHEVRONS - 3], Chevron(None, sum(run.times for run in hidden)), *runs[-2:]]


def typical_of(n: int, seconds: float | None) -> float | None:
    """A typical time of `n` cases or moves; None of so few that it would be one of them, by chance."""
    return seconds if n >= FEWEST else None


def cohort_ages(curves: Curves) -> list[float]:
    """The ages of the table behind the curves: quarters of their length, in seconds."""
    return [curves.horizon_s * part / 4 for part in range(1, 5)]


def finished_by(curve: Curve, age_s: float) -> float | None:
    """The share of a month's cases that was finished by an age; None where the curve ends before it."""
    if age_s > curve.ages_s[-1] + 1:
        return None
    return curve.shares[bisect_right(curve.ages_s, age_s) - 1]
