"""The published pages: the index of what the user may read, files of one process, and what the tabs of a DAG show."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import requires_access_dag
from airflow.models.dagrun import DagRun
from fastapi import APIRouter, Depends, HTTPException, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from sqlalchemy import select

from headrace_pages.access import Process, Readable, process_of, site
from mining.languages import N_, _, languages, speaking, spoken
from mining.pages.index_page import feed_for, index_for, index_languages
from mining.pages.said_page import said
from mining.published import TYPES, headers

ICON = Path(__file__).with_name("icon.svg")
router = APIRouter(include_in_schema=False)


@router.get("/icon.svg")
def icon() -> Response:
    return _given(ICON)


@router.get("/pages/")
@router.get("/pages/index.html")
@router.get("/pages/index.{code}.html")
def index(processes: Readable, code: str = "") -> HTMLResponse:
    """Made for this user: the published index names every process. Where the address names no language, in the browser's."""
    if code and code not in [one.code for one in languages()]:
        raise HTTPException(404, "Not Found")
    offered = index_languages(site().root, processes)
    asked = [one for one in offered if one.code == (code or spoken().code)]
    with speaking((*asked, *offered)[0]):
        return HTMLResponse(index_for(site().root, processes))


@router.get("/pages/feed.atom")
def feed(processes: Readable) -> Response:
    """Made for this user, as the index is."""
    return Response(feed_for(site().root, processes), media_type=TYPES[".atom"], headers=headers("feed.atom"))


@router.get("/pages/assets/{name:path}")
def asset(name: str) -> Response:
    return _given(site().asset(_parts(name)))


@router.get("/pages/{process}")
def process_folder(process: Process) -> Response:
    return RedirectResponse(f"{process}/", 307)


@router.get("/pages/{process}/{name:path}")
def page(process: Process, name: str) -> Response:
    """A file of the process; a folder without its slash is sent on, for its page's links are relative."""
    names = _parts(name)
    found = site().file(process, names)
    if found and found.name == "index.html" and names[-1] != "index.html":
        return RedirectResponse(f"./{quote(names[-1])}/", 307)
    return _given(found)


@router.get("/dag/{dag_id}", dependencies=[Depends(requires_access_dag("GET"))])
def newest_night(dag_id: str) -> Response:
    """The tab of a DAG: the newest night of its process, mined or not."""
    process = process_of(dag_id)
    days = site().days(process)
    if not days:
        return HTMLResponse(said(_("No night yet"), _("The first page comes with the first night."), "../pages/"))
    return RedirectResponse(f"../pages/{process}/{days[0]}/{_page_of(process, days[0])}", 307)


@router.get(
    "/dag/{dag_id}/run/{run_id}", dependencies=[Depends(requires_access_dag("GET", access_entity=DagAccessEntity.RUN))]
)
def night_of_run(dag_id: str, run_id: str, session: SessionDep) -> Response:
    """The tab of a run: the night that it is about."""
    process = process_of(dag_id)
    run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
    if run is None:
        raise HTTPException(404, N_("There is no such run."))
    day = _day_of(run, process)
    if day is None or day not in site().days(process):
        return HTMLResponse(said(_("No page yet"), _("The page of a run comes with its last step."), "../../../pages/"))
    return RedirectResponse(f"../../../pages/{process}/{day}/{_page_of(process, day)}", 307)


def _page_of(process: str, day: date) -> str:
    """The page of a night in the browser's language, if there is one; else in the first language of the process."""
    asked = f"index.{spoken().code}.html"
    return asked if site().file(process, [day.isoformat(), asked]) else "index.html"


def _day_of(run: DagRun, process: str) -> date | None:
    """As the DAG finds it: the partition key, else the day asked for, else the day before the run."""
    asked = run.partition_key or (run.conf or {}).get("day")
    try:
        if asked:
            return date.fromisoformat(asked)
    except ValueError:
        return None
    newest = site().newest(process)
    zone = ZoneInfo(newest.timezone if newest else "UTC")
    return (run.start_date or run.run_after).astimezone(zone).date() - timedelta(days=1)


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part]
    return [*parts, "index.html"] if not parts or name.endswith("/") else parts


def _given(found: Path | None) -> Response:
    if found is None:
        raise HTTPException(404, N_("There is no such page."))
    return FileResponse(found, media_type=TYPES[found.suffix], headers=headers(found.name))
