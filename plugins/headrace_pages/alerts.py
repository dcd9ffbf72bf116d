"""The alerts of a process, and what people say about them: the one place that changes anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar

from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import APIRouter, Depends, Form, HTTPException, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from headrace_pages.access import EditableProcess, Process, may, process_of, site
from mining.errors import InputError, StoreError
from mining.home import Home
from mining.languages import N_, speaking, spoken
from mining.pages.alerts_page import alerts_page
from mining.pages.index_page import index_languages
from mining.register import Register
from mining.register.life import Known

NOTE_LENGTH = 500
# A form says where it is sent from only if its page may: the site's other pages say nothing to anybody.
SAYS_WHENCE = {"Referrer-Policy": "same-origin"}
Answer = TypeVar("Answer")
Asked = Annotated[str | None, Query(pattern="^[a-z]{2,8}$", description="a language that the page is read in")]
router = APIRouter(include_in_schema=False)


@router.get("/dag/{dag_id}/alerts", dependencies=[Depends(requires_access_dag("GET"))])
def of_dag(dag_id: str) -> Response:
    """The tab of a DAG."""
    return RedirectResponse(f"../../alerts/{process_of(dag_id)}/", 307)


@router.get("/alerts/{process}/")
def listed(process: Process, user: GetUserDep, language: Asked = None) -> HTMLResponse:
    """Where the address names no language, in the browser's."""
    newest, alerts = site().newest(process), known_alerts(process, closed=True)
    offered = index_languages(site().root, [process])
    spoken_here = next((one for one in offered if one.code == (language or spoken().code)), offered[0])
    with speaking(spoken_here):
        page = alerts_page(
            process,
            newest.title if newest else process,
            alerts,
            "../../pages/",
            {one: f"?language={one.code}" for one in offered},
            forms=may(user, "PUT", process),
        )
    return HTMLResponse(page, headers=SAYS_WHENCE)


@router.post("/alerts/{process}/{alert}/acknowledge")
def acknowledge(
    process: EditableProcess,
    alert: str,
    user: GetUserDep,
    note: Annotated[str, Form(max_length=NOTE_LENGTH)] = "",
    language: Asked = None,
) -> Response:
    return _said(lambda register: register.acknowledge(process, alert, user.get_name(), note.strip()), language)


@router.post("/alerts/{process}/{alert}/snooze")
def snooze(process: EditableProcess, alert: str, until: Annotated[date, Form()], language: Asked = None) -> Response:
    return _said(lambda register: register.snooze(process, alert, until), language)


def known_alerts(process: str, *, closed: bool) -> tuple[Known, ...]:
    """The open alerts of a process, and those that are over if asked for; 404 if there is no such process."""
    if not site().days(process):
        raise HTTPException(404, N_("No night of this process has been mined yet."))
    return _asked(lambda register: register.listed(process, closed=closed))


def _said(change: Callable[[Register], Known], language: str | None) -> Response:
    """Do it, and show the alerts again."""
    known = _asked(change)
    asked = f"?language={language}" if language else ""
    return RedirectResponse(f"../{asked}#alert-{known.alert.alert}", 303)


def _asked(question: Callable[[Register], Answer]) -> Answer:
    try:
        return question(Register.open(Home.at()))
    except InputError as error:
        raise HTTPException(400, str(error)) from None
    except StoreError as error:
        raise HTTPException(503, str(error)) from None
