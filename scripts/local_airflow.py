"""A real Airflow on this machine: its four components as processes of their own, on SQLite and free ports.

Not `airflow standalone`: that leaves its children running when it is stopped.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

CHECKOUT = Path(__file__).resolve().parents[1]
COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
SECONDS_TO_START, SECONDS_TO_READ, SECONDS_TO_STOP = 240, 120, 12
STOPPING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
USER = "admin"


class AirflowError(RuntimeError):
    """Airflow did not do what was asked; the message says where to look."""


def free_port(wanted: int) -> int:
    """The port wanted if nobody listens on it, else any that is free."""
    for port in (wanted, 0):
        with socket.socket() as trial, suppress(OSError):
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(("127.0.0.1", port))
            return int(trial.getsockname()[1])
    raise AirflowError("this machine has no free port")


def interrupt_on_termination() -> None:
    """Let SIGTERM and SIGHUP end this program as Ctrl-C does, so that Airflow is stopped in every case."""
    for number in STOPPING:
        signal.signal(number, signal.default_int_handler)


@dataclass
class LocalAirflow:
    """Airflow with its home in `home`; a context manager that starts it and always stops it.

    `environment` is added to that of all components. With `fresh`, what an earlier one left there is thrown away.
    With fewer `components` it shows what there is, and runs nothing.
    """

    home: Path
    environment: Mapping[str, str]
    fresh: bool = False
    components: tuple[str, ...] = COMPONENTS
    port: int = field(default_factory=lambda: free_port(8080))
    password: str = ""
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._take_home()
        try:
            self._start()
            self.api = self._log_in()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def _take_home(self) -> None:
        """One Airflow per home: two would share a database and run each other's tasks."""
        self.home.mkdir(parents=True, exist_ok=True)
        lock = self.home.with_name(self.home.name + ".lock")
        self._lock = lock.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AirflowError(f"an Airflow is running in {self.home} already; stop it first") from None
        if self.fresh:
            shutil.rmtree(self.home)
            self.home.mkdir()

    def _start(self) -> None:
        self._set_password()
        env = self._settings()
        (self.home / "out").mkdir(exist_ok=True)
        migrate = self._spawn("db migrate", env)
        if migrate.wait() != 0:
            raise AirflowError(f"the database could not be made; see {self._output('db migrate')}")
        for component in self.components:
            self._running[component] = self._spawn(component, env)
        self._wait_until_healthy()

    def _set_password(self) -> None:
        file = self.home / "passwords.json"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(json.dumps({USER: secrets.token_urlsafe(9)}))
        self.password = json.loads(file.read_text())[USER]

    def _settings(self) -> dict[str, str]:
        settings = {
            "CORE__DAGS_FOLDER": CHECKOUT / "dags",
            "CORE__PLUGINS_FOLDER": CHECKOUT / "plugins",
            "CORE__LOAD_EXAMPLES": False,
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": 2,
            "CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": self.home / "passwords.json",
            "API__HOST": "127.0.0.1",
            "API__PORT": self.port,
            "API__BASE_URL": self.address,
            "API__WORKERS": 1,
            "API_AUTH__JWT_SECRET": secrets.token_hex(48),
            "DAG_PROCESSOR__REFRESH_INTERVAL": 15,
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": 10,
            "LOGGING__WORKER_LOG_SERVER_PORT": free_port(8793),
            "LOGGING__TRIGGER_LOG_SERVER_PORT": free_port(8794),
        }
        programs = Path(sys.executable).parent
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        airflow = {f"AIRFLOW__{key}": str(value) for key, value in settings.items()}
        pages = {"HEADRACE_SITE": f"{self.address}/plugin/processes/headrace/pages"}  # where messages lead to
        return {**pages, **os.environ, "AIRFLOW_HOME": str(self.home), "PATH": path, **airflow, **self.environment}

    def _output(self, command: str) -> Path:
        return self.home / "out" / f"{command.replace(' ', '-')}.log"

    def _spawn(self, command: str, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A component in a process group of its own: Ctrl-C in the terminal reaches only this program."""
        with self._output(command).open("wb") as output:
            return subprocess.Popen(  # noqa: S603
                [str(Path(sys.executable).parent / "airflow"), *command.split()],
                env=env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while not self._healthy():
            self.check_running()
            if time.monotonic() > deadline:
                raise AirflowError(f"Airflow is not healthy after {SECONDS_TO_START} s; see {self.home / 'out'}")
            time.sleep(1)

    def _healthy(self) -> bool:
        try:
            health = httpx.get(f"{self.address}/api/v2/monitor/health", timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return False
        parts = [component.replace("-", "_") for component in self.components if component != "api-server"]
        return all(health.get(part, {}).get("status") == "healthy" for part in ("metadatabase", *parts))

    def wait_for_dag(self, dag_id: str) -> None:
        """Return once Airflow has read the file of this DAG."""
        deadline = time.monotonic() + SECONDS_TO_READ
        while self.api.get(f"/api/v2/dags/{dag_id}").is_error:
            self.check_running()
            if time.monotonic() > deadline:
                raise AirflowError(f"Airflow does not know {dag_id}: {self.call('GET', 'importErrors')}")
            time.sleep(1)

    def check_running(self) -> None:
        """Raise if a component has ended by itself."""
        for component, process in self._running.items():
            if process.poll() is not None:
                raise AirflowError(f"Airflow's {component} has ended; see {self._output(component)}")

    def _log_in(self) -> httpx.Client:
        api = httpx.Client(base_url=self.address, timeout=30)
        answer = api.post("/auth/token", json={"username": USER, "password": self.password}).raise_for_status()
        api.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return api

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """A call of the REST interface: its JSON; raises AirflowError with what Airflow answered."""
        answer = self.api.request(method, f"/api/v2/{path}", **arguments)
        if answer.is_error:
            raise AirflowError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def _stop(self) -> None:
        """SIGTERM, and again for the one that did not hear it; then the whole group, so that nothing is left."""
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave half of Airflow running
        for _ in range(2):
            for process in self._running.values():
                if process.poll() is None:
                    process.terminate()
            self._wait_for_end()
        for process in self._running.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._running.clear()
        self._lock.close()

    def _wait_for_end(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_STOP
        while time.monotonic() < deadline and any(process.poll() is None for process in self._running.values()):
            time.sleep(0.2)
