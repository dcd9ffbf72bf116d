"""Who may read which process, and say something of its alerts: whoever may read, or edit, its DAG."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Path, Request

from mining.home import Home
from mining.languages import N_
from mining.published import PROCESS_NAME, Published

DAG_PREFIX = "headrace_"


def site() -> Published:
    """The nights of this installation."""
    return Published(Home.at().all_nights)


def process_of(dag_id: str) -> str:
    """The process that a DAG runs; 404 for any other DAG."""
    if not dag_id.startswith(DAG_PREFIX):
        raise HTTPException(404, N_("This DAG is none of Headrace's processes."))
    return dag_id.removeprefix(DAG_PREFIX)


def may(user: BaseUser, method: Literal["GET", "PUT"], process: str) -> bool:
    """Airflow's own answer for the DAG of this process: may it be read (GET), may it be edited (PUT)?"""
    dag_id = DAG_PREFIX + process
    dag = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return bool(get_auth_manager().is_authorized_dag(method=method, details=dag, user=user))


def readable(user: GetUserDep) -> list[str]:
    """The published processes that the user may read."""
    return [process for process in site().processes() if may(user, "GET", process)]


def allowed(user: GetUserDep, process: Annotated[str, Path(pattern=f"^{PROCESS_NAME}$")]) -> str:
    """The process of the address; 403 before anything is said of it, even whether it exists."""
    if not may(user, "GET", process):
        raise HTTPException(403, "Forbidden")
    return process


Process = Annotated[str, Depends(allowed)]


def from_here(request: Request) -> None:
    """403 where another site's page may have made the browser send this: the cookie alone proves nothing then."""
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return  # a program: no browser adds this by itself
    sent_from = urlsplit(request.headers.get("origin", "")).netloc
    ours = {request.headers.get("host", ""), urlsplit(conf.get("api", "base_url", fallback="")).netloc}
    if sent_from not in ours - {""}:
        raise HTTPException(403, N_("This was not sent from a page of this Airflow."))


def editable(user: GetUserDep, process: Process, _: Annotated[None, Depends(from_here)]) -> str:
    """The process of the address, by those who may edit its DAG."""
    if not may(user, "PUT", process):
        raise HTTPException(403, "Forbidden")
    return process


Readable = Annotated[list[str], Depends(readable)]
EditableProcess = Annotated[str, Depends(editable)]
