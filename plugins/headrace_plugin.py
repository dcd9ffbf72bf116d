"""Headrace's pages in Airflow's UI: in the nav, and as a tab of each process's DAG and of its runs.

Every component of Airflow runs this file at its start, so it imports nothing: the pages themselves are `headrace_pages`,
which only the api-server loads, with the first request (`.airflowignore` keeps Airflow from taking it for plugins).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]


async def pages(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The application behind /headrace."""
    from headrace_pages.door import app  # noqa: PLC0415

    await app(scope, receive, send)


class HeadracePlugin(AirflowPlugin):
    """What Airflow is told of the pages; addresses are relative to its own, which may have a path."""

    name = "headrace"
    fastapi_apps = [{"app": pages, "url_prefix": "/headrace", "name": "headrace"}]  # noqa: RUF012 - as Airflow wants it
    external_views = [  # noqa: RUF012
        {
            "name": "Processes",
            "href": "headrace/pages/",
            "destination": "nav",
            "url_route": "processes",
            "nav_top_level": True,
            "icon": "headrace/icon.svg",
        },
        {"name": "Process", "href": "headrace/dag/{DAG_ID}", "destination": "dag", "url_route": "process"},
        {"name": "Alerts", "href": "headrace/dag/{DAG_ID}/alerts", "destination": "dag", "url_route": "alerts"},
        {"name": "Night", "href": "headrace/dag/{DAG_ID}/run/{RUN_ID}", "destination": "dag_run", "url_route": "night"},
    ]
