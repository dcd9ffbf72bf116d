"""Templates to files: what comes from the data is escaped, and no page needs more than the policy below allows.

Templates speak the language that is spoken when they are rendered.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined, pass_eval_context
from jinja2 import __version__ as jinja
from jinja2.bccache import Bucket
from jinja2.nodes import EvalContext
from markupsafe import Markup

from mining import durable, languages
from mining.flowchart.labels import display_name
from mining.languages import count_text, spoken
from mining.languages.editions import Editions, list_page
from mining.languages.recalled import pieces
from mining.pages import wording

CONTENT_SECURITY_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
HERE = Path(__file__).parent


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        bytecode_cache=_compiled(),
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    templates.policies["ext.i18n.trimmed"] = True
    catalogue: Any = templates  # what the extension adds
    catalogue.install_gettext_callables(
        languages._, languages.ngettext, newstyle=True, pgettext=languages.pgettext, npgettext=languages.npgettext
    )
    templates.globals["ngettext"] = _counted
    templates.globals |= {
        "spoken": spoken,
        "list_page": list_page,
        "recalled": recalled,
        "between_sentences": between_sentences,
    }
    for word in ("number", "percent", "share", "percent_range", "score", "duration", "pair", "day", "month", "moment"):
        templates.filters[word] = getattr(wording, word)
    templates.filters["count"] = count_text  # replaces Jinja's own, which is `length` as well
    templates.filters["name"] = display_name
    templates.filters["spoken"] = languages._  # of a text in a variable: unlike `_` of a template it is escaped
    templates.filters["address"] = address
    templates.globals["policy"] = CONTENT_SECURITY_POLICY
    return templates


class _Compiled(FileSystemBytecodeCache):
    """Templates as they were compiled before, in a folder of this user's among the temporary files: that takes half a second."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # a full disk: then they are compiled the next time, too
            super().dump_bytecode(bucket)


def _compiled() -> _Compiled | None:
    """Known by the source of each, and by how they are compiled: that is Jinja's version and this file."""
    by = f"{jinja}-{sha1(Path(__file__).read_bytes(), usedforsecurity=False).hexdigest()[:12]}"
    try:
        return _Compiled(pattern=f"headrace-{by}-%s")
    except (OSError, RuntimeError):  # there is no such folder that would be safe
        return None


@pass_eval_context
def _counted(context: EvalContext, one: str, many: str, num: int, **shown: object) -> str:
    """As Jinja's own for `{% trans num=... %}`, with the number as the language writes it."""
    text = languages.ngettext(one, many, num)
    return (Markup(text) if context.autoescape else text) % {"num": count_text(num), **shown}  # noqa: S704 - our own text


def recalled(text: str) -> Markup:
    """A text that findings keep in English, in the spoken language; what is not known of it is marked as English."""
    as_kept = Markup('<span lang="en">{}</span>')
    return Markup("").join(piece.text if piece.known else as_kept.format(piece.text) for piece in pieces(text))


def between_sentences() -> str:
    """What stands between two sentences: a blank, or next to nothing where full stops have a blank of their own."""
    return languages.pgettext("between sentences", " ")


def address(file: str) -> str:
    """A path relative to the page, as a link: a colon in it cannot become a scheme."""
    return quote(file, safe="/")


def write_page(folder: Path, editions: Editions, template: str, **shown: object) -> Path:
    """Render `template` as the edition in the spoken language; a reader sees the old page or the new one, never half of one."""
    return write_text(folder / editions[spoken()], page_text(template, editions=editions, **shown))


def page_text(template: str, *, editions: Editions, **shown: object) -> str:
    """The page that `template` makes in the spoken language; `editions` are those that it leads to, itself among them."""
    return _templates().get_template(template).render(editions=editions, **shown)


def write_text(path: Path, text: str) -> Path:
    """Write beside and move into place; a file that is right already is left alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return path
    with durable.beside(path) as part:
        part.write_bytes(data)
    return path
