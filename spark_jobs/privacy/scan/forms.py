"""How an identifier may be written: as it is, normalised, encoded, or hashed without a key."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote

from alluvium.contact import normalise_identifier

# Shorter ones, such as a card number 516, stand in every file by chance: they are looked for in fields that
# bear their name only, and as hashes.
SHORTEST_ANYWHERE = 6
SHORTEST_BASE64 = 8
HASHES = ("md5", "sha1", "sha256")
SURROGATE = "surrogate"
ANYBODY = "1"
MOST_REMEMBERED = 10_000  # Identifiers, some 15 kB each.


@dataclass(frozen=True)
class Identifier:
    """One value that stands for a person. `fields` are the names that columns holding it have."""

    kind: str
    value: str
    subject: str = ANYBODY
    fields: tuple[str, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether the value is found by chance."""
        return len(self.value) < SHORTEST_ANYWHERE


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write an identifier. Folded forms are compared in lower case."""

    name: str
    pattern: bytes
    is_folded: bool = True
    # What the characters beside a hit must not be, for the hit to be a whole value.
    border: str = "word"
    # Of base64: the value that the characters stand for.
    value: bytes = b""


def spellings(identifier: Identifier) -> dict[str, str]:
    """The value's texts by spelling: as given, normalised, telephone numbers as they are printed."""
    value = identifier.value.strip()
    found = {value: "plain", unicodedata.normalize("NFC", value): "plain"}
    found |= {unicodedata.normalize("NFD", value): "plain"}
    normal = None
    if identifier.kind in {"email", "phone"}:
        normal = normalise_identifier(identifier.kind, value)
    if normal:
        found.setdefault(normal, "normalised")
        if identifier.kind == "phone":
            found |= {text: "normalised" for text in _telephone(normal) if text not in found}
    return found


def _telephone(e164: str) -> Iterator[str]:
    """Ways to print a number: digits only, and for North America the national forms."""
    digits = e164.lstrip("+")
    yield digits
    yield f"00{digits}"
    if re.fullmatch(r"1\d{10}", digits):
        area, exchange, line = digits[1:4], digits[4:7], digits[7:]
        yield digits[1:]
        yield f"({area}) {exchange}-{line}"
        yield from (sign.join((area, exchange, line)) for sign in "-. ")


def _cases(text: str) -> list[str]:
    """Bytes are folded for ASCII alone: other letters are looked for in each case."""
    return list(dict.fromkeys((text, text.lower(), text.upper(), text.casefold(), text.title())))


def _encoded(text: str) -> Iterator[Form]:
    raw = text.encode("utf-8", "surrogatepass")
    yield Form("utf-16", text.encode("utf-16-le", "surrogatepass"), border="utf-16")
    yield Form("utf-16", text.encode("utf-16-be", "surrogatepass"), border="none")
    yield Form("url-encoded", quote(text, safe="").encode())
    yield Form("url-encoded", quote(text, safe="@").encode())
    yield Form("hex", raw.hex().encode(), border="hex-text")
    yield from (Form("json-escaped", escaped.encode()) for escaped in _json_in_json(text))
    yield Form("json-escaped", json.dumps(text)[1:-1].replace("@", "\\u0040").encode())
    yield Form("html-escaped", html.escape(text).encode())
    yield Form("html-escaped", text.replace("@", "&#64;").encode())
    yield Form("html-escaped", text.encode("ascii", "xmlcharrefreplace"))
    if len(raw) >= SHORTEST_BASE64:
        yield from (Form("base64", part, False, "base64", raw) for part in _base64(raw))


def _json_in_json(text: str) -> Iterator[str]:
    """As a JSON string, also within a JSON text that is a string itself, as in a Delta log."""
    for _ in range(3):
        text = json.dumps(text)[1:-1]
        yield text


def _base64(raw: bytes) -> Iterator[bytes]:
    """The characters that stand for `raw` wherever it begins within a longer base64 text, both alphabets."""
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw)
        # Only characters all of whose six bits are of `raw`.
        middle = whole[-(-8 * offset // 6) : 8 * (offset + len(raw)) // 6]
        yield middle
        yield middle.translate(bytes.maketrans(b"+/", b"-_"))


def _hashed(text: str, name: str) -> Iterator[Form]:
    digest = hashlib.new(name, text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
    yield Form(name, digest.hex().encode(), border="hex")
    yield Form(name, digest, is_folded=False, border="none")
    yield Form(name, base64.b64encode(digest).rstrip(b"="), is_folded=False, border="none")


def _in_fields(identifier: Identifier) -> Iterator[Form]:
    """A short value beside its name, as in JSON or a query string."""
    for field in identifier.fields:
        for between in (b'":"', b'": "', b'":', b'": ', b"="):
            yield Form("plain", field.encode() + between + identifier.value.encode())


def forms(identifier: Identifier) -> tuple[Form, ...]:
    """Every form that is looked for, each pattern once: what two forms share counts for the first."""
    return _forms_of(identifier if identifier.subject == ANYBODY else replace(identifier, subject=ANYBODY))


@lru_cache(MOST_REMEMBERED)
def _forms_of(identifier: Identifier) -> tuple[Form, ...]:
    """A millisecond each; an erasure asks for the same ones at every step."""
    found: dict[tuple[bytes, bool], Form] = {}
    for form in _all_forms(identifier):
        found.setdefault((form.pattern, form.is_folded), form)
    return tuple(found.values())


def _all_forms(identifier: Identifier) -> Iterator[Form]:
    texts = spellings(identifier)
    if not identifier.is_short:
        for text, spelling in texts.items():
            for case in _cases(text):
                yield _folded(Form(spelling, case.encode("utf-8", "surrogatepass")))
    else:
        yield from map(_folded, _in_fields(identifier))
    if identifier.kind == SURROGATE:
        return
    for text in texts:
        if not identifier.is_short:
            yield from (_folded(form) for case in _cases(text) for form in _encoded(case))
        for hashed in sorted({text, text.lower(), text.upper()}):
            yield from (_folded(form) for name in HASHES for form in _hashed(hashed, name))


def _folded(form: Form) -> Form:
    pattern = form.pattern.lower() if form.is_folded else form.pattern
    return form if pattern == form.pattern else replace(form, pattern=pattern)
