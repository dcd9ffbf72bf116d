"""Templates to files: what comes from the data is escaped, and no page needs more than the policy below allows."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mining import durable
from mining.flowchart import count_text
from mining.flowchart.labels import display_name
from mining.pages import wording

CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
HERE = Path(__file__).parent


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for word in ("counted", "percent", "share", "percent_range", "score", "duration", "pair", "day", "month", "moment"):
        templates.filters[word] = getattr(wording, word)
    templates.filters["count"] = count_text  # replaces Jinja's own, which is `length` as well
    templates.filters["name"] = display_name
    templates.filters["address"] = address
    templates.globals["policy"] = CONTENT_SECURITY_POLICY
    return templates


def address(file: str) -> str:
    """A path relative to the page, as a link: a colon in it cannot become a scheme."""
    return quote(file, safe="/")


def write_page(path: Path, template: str, **shown: object) -> Path:
    """Render `template` to `path`; a reader sees the old page or the new one, never half of one."""
    return write_text(path, page_text(template, **shown))


def page_text(template: str, **shown: object) -> str:
    """The page that `template` makes."""
    return _templates().get_template(template).render(**shown)


def write_text(path: Path, text: str) -> Path:
    """Write beside and move into place; a file that is right already is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return path
    with durable.beside(path) as part:
        part.write_bytes(data)
    return path
