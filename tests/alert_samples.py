"""Alerts to test with: one of each verdict, and one whose names try to do harm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mining.findings import Alert, Decomposition, Interval, Turn, Verdict

HOUR = 3600.0
DAY = 24 * HOUR
HARM = "<script>alert('x')</script> @everyone [x](http://evil.example) www.evil.example *b* | `q` {brace} \u202etxt\r\nBcc: x"


def an_alert(alert: str = "2f6c9a0011223344", **keys: Any) -> Alert:
    """Deliver is slower for exports: +34 %, of which the cycle time takes 4 %."""
    given: dict[str, Any] = {
        "process": "orders",
        "alert": alert,
        "event": Turn.OPENED,
        "night": "2024-07-13",
        "verdict": Verdict.SLOWER_STEP,
        "step": "Deliver",
        "after": "Ship goods",
        "segment": {"region": "export"},
        "since": "2024-07-08",
        "change": 0.34,
        "interval": Interval(0.21, 0.48),
        "share_of_cycle_time": 0.11,
        "score": 4.2,
        "decomposition": Decomposition(
            before_s=4 * DAY,
            now_s=4.5 * DAY,
            mix_s=0.5 * HOUR,
            visits_s=0.25 * HOUR,
            duration_s=11.25 * HOUR,
            interval=Interval(5 * HOUR, 14 * HOUR),
            cases=1431,
        ),
    }
    return Alert(**{**given, **keys})


def resolved(alert: Alert, night: str, score: float = 0.3) -> Alert:
    return replace(alert, event=Turn.RESOLVED, night=night, score=score)


def updated(alert: Alert, night: str, **keys: Any) -> Alert:
    return replace(alert, event=Turn.UPDATED, night=night, **keys)
