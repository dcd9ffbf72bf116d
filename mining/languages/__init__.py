"""What people read, in their own language: English is written in the source, every other language is a file CODE.po beside this.

A text is marked where it is written, `_("No case is open.")`, and comes out in the language that is being spoken:

    with speaking(language("zh")):
        page = page_text("night.html", ...)

Numbers and dates go through `number`, `count_text` and `date_text`, which know how the language writes them.
"""

from mining.languages.catalogue import ENGLISH, Language, language, languages, preferred
from mining.languages.speech import (
    N_,
    _,
    count_text,
    date_text,
    ngettext,
    npgettext,
    number,
    pgettext,
    speaking,
    spoken,
    within,
)

__all__ = [
    "ENGLISH",
    "N_",
    "Language",
    "_",
    "count_text",
    "date_text",
    "language",
    "languages",
    "ngettext",
    "npgettext",
    "number",
    "pgettext",
    "preferred",
    "speaking",
    "spoken",
    "within",
]
