"""The application behind /headrace: nothing without Airflow's login, and headers on every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from headrace_pages import alerts, interface, pages
from mining.languages import N_, _, languages, preferred, speaking
from mining.pages.said_page import said
from mining.published import headers

HEADINGS = {401: N_("Please log in"), 403: N_("Not yours to read"), 404: N_("Nothing here")}
ELSE = N_("This did not work")
TEXTS = {
    "Forbidden": N_(
        "These pages are for those who may read the DAG of this process in Airflow. Ask its owner for access."
    ),
    "Not Found": N_("There is no such page."),
}
# FastAPI's own routes for its description are open to anybody; interface.py has one behind the login.
app = FastAPI(dependencies=[Depends(get_user)], docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
app.include_router(interface.router)
app.include_router(pages.router)
app.include_router(alerts.router)


@app.middleware("http")
async def with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Policy, kind and cache on whatever is answered, errors too; what is written here is in the browser's language."""
    with speaking(preferred(request.headers.get("accept-language", ""), languages())):
        answer = await call_next(request)
    for name, value in headers().items():
        answer.headers.setdefault(name, value)
    return answer


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> Response:
    """A browser is sent to the login and back, or told in a page; a program gets JSON."""
    path = request.url.path.removeprefix(request.scope["root_path"])
    if "text/html" not in request.headers.get("accept", "") or path.startswith("/api/"):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    if request.method == "GET" and (error.status_code == 401 or error.detail == "Invalid JWT token"):
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(get_auth_manager().get_url_login(next_url=here), 302)
    text = _(TEXTS.get(error.detail, error.detail))
    root = "../" * (path.count("/") - 1) + "pages/"
    heading = _(HEADINGS.get(error.status_code, ELSE))
    return HTMLResponse(said(heading, text, root), error.status_code, error.headers)
