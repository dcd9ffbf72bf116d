"""Bring the catalogues up to date with the texts in the source: `make texts`. What is new in them waits for a translator."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

HOME = Path(__file__).resolve().parents[1]
FOLDER = HOME / "mining" / "languages"
SPOKEN = ("mining", "plugins", "expectations")
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
TEMPLATES = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
WIDTH = 120


def texts() -> Catalog:
    """Every text that is marked in the source, by where it stands."""
    found = Catalog(project="Headrace", charset="utf-8", fuzzy=False)
    for folder in SPOKEN:
        for file, message, comments, context in _marked(HOME / folder):
            found.add(message, locations=[(f"{folder}/{file}", 0)], auto_comments=comments, context=context)
    return found


def _marked(folder: Path) -> Iterator[tuple[str, str | tuple[str, ...], list[str], str | None]]:
    options = {"**.html": TEMPLATES}
    for file, _line, message, comments, context in extract_from_dir(
        folder, METHODS, options, KEYWORDS, comment_tags=("Translators:",), strip_comment_tags=True
    ):
        yield file, message, comments, context


def updated(catalogue: Path, source: Catalog) -> Catalog:
    """The catalogue with exactly the texts of the source: translations stay, what nobody says any more goes."""
    with catalogue.open("rb") as handle:
        known = read_po(handle)
    known.update(source, no_fuzzy_matching=True, update_creation_date=False)
    known.obsolete.clear()
    return known


def main() -> None:
    source = texts()
    for catalogue in sorted(FOLDER.glob("*.po")):
        known = updated(catalogue, source)
        with catalogue.open("wb") as handle:
            write_po(handle, known, width=WIDTH, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
        missing = sum(1 for message in known if message.id and not any(message.string or ""))
        sys.stdout.write(f"{catalogue.relative_to(HOME)}: {len(known)} texts, {missing} to translate\n")


if __name__ == "__main__":
    main()
