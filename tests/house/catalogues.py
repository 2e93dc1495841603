"""The catalogues of translations: complete and compiled, or brought up to date with `--update`.

Run as `python -m tests.house.catalogues`; translators then edit the `.po` files and run `--update` again.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
TRANSLATIONS = ROOT / "iec_events" / "translations"
LOCALES = ("fa", "es")
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
NESTED = re.compile(r"\{(_|_l|ngettext)\(")
TYPEWRITTEN = re.compile(r"\w'\w")
JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def collected() -> Catalog:
    """Every text in the code and the templates that can be translated."""
    found = Catalog(project="IEC Events", charset="utf-8")
    for folder, pattern, method, options in (
        ("iec_events", "**.py", "python", {}),
        ("templates", "**.*", "jinja2", JINJA),
    ):
        for file, line, message, comments, context in extract_from_dir(
            ROOT / folder,
            method_map=[(pattern, method)],
            options_map={pattern: options},
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
            strip_comment_tags=True,
        ):
            found.add(message, None, [(f"{folder}/{file}", line)], auto_comments=comments, context=context)
    return found


def po_file(locale: str) -> Path:
    """Where a language's catalogue is."""
    return TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"


def read(locale: str) -> Catalog:
    """A language's catalogue; an empty one where there is none yet."""
    try:
        with po_file(locale).open("rb") as file:
            return read_po(file, locale=locale)
    except FileNotFoundError:
        return Catalog(locale=locale, project="IEC Events", charset="utf-8")


def compiled(catalogue: Catalog) -> bytes:
    """What gettext reads."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def update() -> None:
    """Bring every catalogue up to date with the code and compile it. A changed text counts as not translated."""
    texts = collected()
    for locale in LOCALES:
        catalogue = read(locale)
        catalogue.update(texts, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        po_file(locale).parent.mkdir(parents=True, exist_ok=True)
        with po_file(locale).open("wb") as file:
            write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False, omit_header=False)
        po_file(locale).with_suffix(".mo").write_bytes(compiled(read(locale)))


def complaints() -> Iterator[str]:
    """What is wrong with the catalogues, one sentence for each."""
    texts = collected()
    for text in texts:
        if text.id and any("\n" in part or part != part.strip() for part in _parts(text.id)):
            yield f"{_where(text)}: this text has a line break or blank edges: {text.id!r}"
        if text.id and any(TYPEWRITTEN.search(part) for part in _parts(text.id)):
            yield f"{_where(text)}: this text has an apostrophe of typewriters, not ’: {text.id!r}"
    for file in sorted((ROOT / "iec_events").rglob("*.py")):
        if NESTED.search(file.read_text()):
            yield f"{file.relative_to(ROOT)}: a text within an f-string is not collected (before Python 3.12)"
    for locale in LOCALES:
        catalogue = read(locale)
        for text in texts:
            if text.id:
                yield from _complaints_of(locale, text, catalogue.get(text.id, text.context))
        mo = po_file(locale).with_suffix(".mo")
        if not mo.exists() or mo.read_bytes() != compiled(catalogue):
            yield f"{locale}: messages.mo is not made from messages.po as it is: run `make catalogues`"


def _complaints_of(locale: str, text: Message, found: Message | None) -> Iterator[str]:
    if found is None or not all(_parts(found.string)):
        yield f"{locale}: not translated: {text.id!r} ({_where(text)})"
    elif found.fuzzy:
        yield f"{locale}: marked as doubtful (fuzzy): {text.id!r}"
    else:
        for error in found.check():
            yield f"{locale}: {error} {text.id!r}"


def _parts(text: object) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, (tuple, list)) else (str(text or ""),)


def _where(text: Message) -> str:
    return ", ".join(f"{file}:{line}" for file, line in text.locations[:1])


def main() -> int:
    """Update or check; the number of complaints decides."""
    if "--update" in sys.argv:
        update()
        untranslated = sum(" not translated" in line for line in complaints())
        print(f"The catalogues are up to date; {untranslated} texts wait for a translation.")
        return 0
    found = list(complaints())
    print("\n".join(found) or "Every text is translated, and the catalogues are compiled.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
