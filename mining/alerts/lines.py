"""An alert as one line of the file that `headrace replay` writes; the fields and their order are fixed."""

from __future__ import annotations

from typing import Any

from mining.alerts.sentences import headline
from mining.findings import Alert


def as_line(alert: Alert) -> dict[str, Any]:
    """The alert as JSON knows it; `text` is the sentence with which a message begins."""
    return {
        "process": alert.process,
        "alert": alert.alert,
        "event": alert.event.value,
        "night": alert.night,
        "verdict": alert.verdict.value,
        "step": alert.step,
        "after": alert.after,
        "segment": dict(alert.segment),
        "since": alert.since,
        "change": alert.change,
        "interval": [alert.interval.low, alert.interval.high],
        "share_of_cycle_time": alert.share_of_cycle_time,
        "text": headline(alert),
    }
