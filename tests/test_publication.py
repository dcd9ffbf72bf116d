"""Publishing draws what was measured: it needs nothing that measuring needs, and may be begun again."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from conftest import ORDERS_YAML

from mining.home import Home
from mining.measured import Discovered, kept
from mining.measuring import discover_part
from mining.night import STEPS, Night
from mining.pages.engine import engine_here
from mining.publication import publish


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Night:
    """A night before it is published: 60 orders, every third of which is checked twice."""
    place = tmp_path_factory.mktemp("measured")
    (place / "landing").mkdir()
    (place / "orders.yaml").write_text(ORDERS_YAML + "timezone: UTC\nlanguages: [en]\n")
    events = [
        f"o{n},{step},2024-0{1 + n // 30}-{1 + n % 27:02} 0{hour}:00:00"
        for n in range(60)
        for hour, step in enumerate(("Order", "Check", *(("Check",) if n % 3 == 0 else ()), "Ship"), 6)
    ]
    (place / "landing/1.csv").write_text("order,step,at\n" + "\n".join(events) + "\n")
    night = Night.of(place / "orders.yaml", date(2024, 3, 1), Home(place / "home"), run="one")
    for step in STEPS[: STEPS.index("views")]:
        night.do(step)
    return night


def test_what_waits_in_the_work_folder_is_what_was_measured(measured: Night) -> None:
    waiting = kept(Discovered, measured.work)
    now = discover_part(measured.tables, measured.process, measured.end)
    for part in ("graph", "kpis", "rework", "changed", "span", "morning"):
        assert getattr(waiting, part) == getattr(now, part), part
    assert [way.activities for way in waiting.variants] == [way.activities for way in now.variants]
    assert waiting.rework[0].activity == "Check"


def test_publishing_begun_again_gives_the_same_files(measured: Night) -> None:
    first = {path.name: path.read_bytes() for path in publish(measured._mined, engine_here).iterdir()}
    again = {path.name: path.read_bytes() for path in publish(measured._mined, engine_here).iterdir()}
    assert again == first
    assert first.keys() >= {"index.html", "night.pdf", "cases.parquet", "model.bpmn", "findings.json"}


def test_drawing_imports_nothing_that_measures() -> None:
    heavy = ["numpy", "scipy", "pandas", "ibis", "pm4py", "sqlalchemy", "pyarrow", "altair", "vl_convert", "typst"]
    code = f"import sys, mining.night, mining.publication; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
