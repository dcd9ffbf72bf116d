"""Who may read which process: whoever may read its DAG."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Path

from mining.home import Home
from mining.published import PROCESS_NAME, Published

DAG_PREFIX = "headrace_"


def site() -> Published:
    """The nights of this installation."""
    return Published(Home.at().all_nights)


def may_read(user: BaseUser, process: str) -> bool:
    """Airflow's own answer for the DAG of this process."""
    dag_id = DAG_PREFIX + process
    dag = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
    return bool(get_auth_manager().is_authorized_dag(method="GET", details=dag, user=user))


def readable(user: GetUserDep) -> list[str]:
    """The published processes that the user may read."""
    return [process for process in site().processes() if may_read(user, process)]


def allowed(user: GetUserDep, process: Annotated[str, Path(pattern=f"^{PROCESS_NAME}$")]) -> str:
    """The process of the address; 403 before anything is said of it, even whether it exists."""
    if not may_read(user, process):
        raise HTTPException(403, "Forbidden")
    return process


Readable = Annotated[list[str], Depends(readable)]
Process = Annotated[str, Depends(allowed)]
