"""Where the demo plays: one folder of the checkout, made afresh each time, and what the process files expect of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from mining.demo.company import ZONE
from mining.demo.landing import build
from mining.errors import InputError
from mining.home import Home

PROCESSES = ("orders", "tickets")


@dataclass(frozen=True)
class Stage:
    """The demo's folder `.headrace/demo`: shop database, landing files, and the home of its nights."""

    checkout: Path

    @classmethod
    def here(cls) -> Stage:
        """The stage of the checkout that this code runs from.

        Raises InputError where it was installed without the process files.
        """
        checkout = Path(__file__).resolve().parents[2]
        if not all((checkout / "processes" / f"{name}.yaml").exists() for name in PROCESSES):
            raise InputError(
                "the demo needs Headrace's repository with its folder processes/; clone it and run it there"
            )
        return cls(checkout)

    @property
    def home(self) -> Home:
        return Home(self.checkout / ".headrace" / "demo")

    def process_file(self, name: str) -> Path:
        return self.checkout / "processes" / f"{name}.yaml"

    def page(self, name: str, day: date) -> Path:
        return self.home.night(name, day) / "index.html"

    @property
    def environment(self) -> dict[str, str]:
        """What must be set where the demo's processes are run: the connection `shop` and the home."""
        shop = f"sqlite:///{self.home.root / 'shop.db'}"
        return {"AIRFLOW_CONN_SHOP": shop, "HEADRACE_HOME": str(self.home.root)}

    def set_up(self, until: date) -> None:
        """Throw the last demo away and simulate the nine months before `until`; its processes can be run from here."""
        shutil.rmtree(self.home.root, ignore_errors=True)
        build(self.home.root, until)
        os.environ.update(self.environment)


def last_days(until: date, count: int) -> list[date]:
    """The last `count` days before `until`, in order."""
    return [until - timedelta(days=back) for back in range(count, 0, -1)]


def today() -> date:
    """The demo company's local day: the nights end with the one before it."""
    return datetime.now(ZONE).date()
