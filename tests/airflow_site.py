"""A real Airflow that shows published nights: api-server and dag-processor, on SQLite, with logins of all kinds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from alert_samples import HARM, an_alert
from pages_samples import hostile_findings, sample_findings
from test_pages_browser import publish

from mining.home import Home
from mining.pages.failed_page import write_failed_night
from mining.pages.index_page import write_site
from mining.process_file import load
from mining.register import Register

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
from local_airflow import LocalAirflow, free_port

HERE = Path(__file__).parent
USERS = {"admin": "admin", "vera": "viewer", "stranger": "viewer"}
DAG, OTHERS_DAG = "headrace_orders", "headrace_hostile"
SLOWER, HARMFUL = "2f6c9a0011223344", "77aa000011223344"  # alerts of `orders`
PROCESS = """\
process: {name}
title: {name}
source: {{files: landing/*.csv}}
columns: {{case: case, activity: activity, completed: at}}
"""


class PerDag(SimpleAuthManager):
    """Airflow's simple logins know roles only; here one user may see one DAG only, as FAB's access control can say it."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        hidden = user.username == "stranger" and details is not None and details.id not in (None, OTHERS_DAG)
        return not hidden and super().is_authorized_dag(
            method=method, user=user, access_entity=access_entity, details=details
        )


@dataclass(frozen=True)
class Site:
    """Where it runs, and who may log in."""

    airflow: LocalAirflow
    home: Home
    passwords: dict[str, str]

    @property
    def address(self) -> str:
        return self.airflow.address

    def token(self, user: str) -> str:
        login = {"username": user, "password": self.passwords[user]}
        return str(httpx.post(f"{self.address}/auth/token", json=login).raise_for_status().json()["access_token"])

    def asked_by(self, user: str | None) -> httpx.Client:
        """A client that is logged in as a browser is: by cookie."""
        cookies = {"_token": self.token(user)} if user else {}
        return httpx.Client(base_url=self.address, cookies=cookies, timeout=30)

    def run_of(self, dag: str, key: str | None, run_id: str, conf: Mapping[str, str] | None = None) -> None:
        """A run that stays queued: nobody executes it here."""
        asked = {"logical_date": None, "dag_run_id": run_id, "partition_key": key, "conf": dict(conf or {})}
        self.airflow.call("POST", f"dags/{dag}/dagRuns", json=asked)


@contextmanager
def airflow_site(folder: Path) -> Iterator[Site]:
    """Two processes: `orders` with two nights and one that failed, `hostile` with hostile names, and one without nights."""
    home, processes = Home(folder / "home"), folder / "processes"
    processes.mkdir()
    for name in ("orders", "hostile", "fresh"):
        (processes / f"{name}.yaml").write_text(PROCESS.format(name=name))
    _publish(home, processes)
    environment = {
        "HEADRACE_HOME": str(home.root),
        "HEADRACE_PROCESSES": str(processes),
        "PYTHONPATH": str(HERE),
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow_site.PerDag",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
    }
    components = ("api-server", "dag-processor")
    with LocalAirflow(folder / "airflow", environment, components=components, port=free_port(0)) as airflow:
        for name in ("orders", "hostile", "fresh"):
            airflow.wait_for_dag(f"headrace_{name}")
        yield Site(airflow, home, json.loads((airflow.home / "passwords.json").read_text()))


def _publish(home: Home, processes: Path) -> None:
    for day in ("2026-11-18", "2026-11-19"):
        publish(home.all_nights, replace(sample_findings(), process="orders", night=day))
    publish(home.all_nights, replace(hostile_findings(), process="hostile", night="2026-11-20"))
    failed = date(2026, 11, 21)
    write_failed_night(load(processes / "orders.yaml"), failed, "No data.", (), home.night("orders", failed))
    write_site(home.all_nights)
    alerts = [
        an_alert(SLOWER, night="2026-11-19", since="2026-11-12"),
        an_alert(HARMFUL, night="2026-11-19", since="2026-11-12", step=HARM, segment={HARM: HARM}),
    ]
    Register.open(home).take("orders", date(2026, 11, 19), alerts)
