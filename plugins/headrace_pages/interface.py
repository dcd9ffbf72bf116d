"""The JSON interface, which only reads: processes, their nights, and what a night found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter

from headrace_pages.access import DAG_PREFIX, Process, Readable, site
from headrace_pages.alerts import known_alerts
from mining.findings import Findings
from mining.pages.alerts_page import AlertCard, alert_card

Day = Annotated[date, Path(description="the business day, as in 2026-11-20")]
FINDINGS = TypeAdapter(Findings)


@dataclass(frozen=True)
class Refusal:
    detail: str


@dataclass(frozen=True)
class ProcessLine:
    process: str
    title: str
    dag_id: str
    nights: int
    newest: date
    page: str  # address of its newest night, relative to this interface's server


@dataclass(frozen=True)
class NightLine:
    day: date
    mined: bool
    reason: str  # why it was not mined; "" if it was
    page: str


NOT_YOURS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "Nobody is logged in"},
    403: {"model": Refusal, "description": "The DAG of this process is not yours to read"},
}
NOT_THERE: dict[int | str, dict[str, Any]] = {
    **NOT_YOURS,
    404: {"model": Refusal, "description": "There is no such thing"},
}
router = APIRouter(prefix="/api", tags=["nights"])


@router.get("/processes", responses=NOT_YOURS)
def processes(readable: Readable) -> list[ProcessLine]:
    """The processes whose DAG you may read and of which a night was published, by name."""
    return [_line(process) for process in readable]


@router.get("/processes/{process}/nights", responses=NOT_THERE)
def nights(process: Process) -> list[NightLine]:
    """The nights of a process, newest first."""
    days = site().days(process)
    if not days:
        raise HTTPException(404, "There is no such process.")
    return [_night(process, day) for day in days]


@router.get("/processes/{process}/nights/{day}", responses=NOT_THERE, response_model=Findings)
def findings(process: Process, day: Day) -> Response:
    """What a night found: the contents of its findings.json, explained in docs/method.md."""
    found = site().findings(process, day)
    if found is None:
        raise HTTPException(404, "There is no such night, or it was not mined.")
    return Response(FINDINGS.dump_json(found), media_type="application/json")


@router.get("/processes/{process}/alerts", responses=NOT_THERE)
def alerts(
    process: Process, closed: Annotated[bool, Query(description="those that are over as well")] = False
) -> list[AlertCard]:
    """The alerts of a process as they are now, and what people have said about them; the newest first."""
    return [alert_card(known) for known in known_alerts(process, closed=closed)]


@router.get("/openapi.json", include_in_schema=False)
def description(request: Request) -> dict[str, Any]:
    """What this interface says of itself."""
    return get_openapi(
        title="Headrace",
        version="1",
        summary="What the nights of your processes found.",
        routes=request.app.routes,
        servers=[{"url": request.scope["root_path"]}],
    )


def _line(process: str) -> ProcessLine:
    days, newest = site().days(process), site().newest(process)
    title = newest.title if newest else process
    return ProcessLine(process, title, DAG_PREFIX + process, len(days), days[0], _page(process, days[0]))


def _night(process: str, day: date) -> NightLine:
    reason = site().reason(process, day)
    return NightLine(day, not reason, reason, _page(process, day))


def _page(process: str, day: date) -> str:
    return f"/pages/{process}/{day}/index.html"
