"""Find every form of every identifier in one pass over bytes (Aho and Corasick 1975)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import BytesAhoCorasick

from spark_jobs.privacy.scan.forms import Form, Identifier, forms

_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_")
_IN_MAILBOX = _WORD | frozenset(b".%+-'")
_HEX = frozenset(b"0123456789abcdef")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+")
_BASE64_CHARACTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
_LONGEST_RUN = 4096


@dataclass(frozen=True)
class Hit:
    """An identifier, by its place in the list that was searched for, and the bytes that are it."""

    identifier: int
    form: str
    offset: int
    end: int = 0


class _Automaton:
    """Patterns of one kind, folded or exact; one pattern may stand for several identifiers."""

    def __init__(self, wanted: Iterable[tuple[int, Form]]) -> None:
        self.owners: dict[bytes, list[tuple[int, Form]]] = {}
        for number, form in wanted:
            self.owners.setdefault(form.pattern, []).append((number, form))
        self.patterns = list(self.owners)
        self._found = BytesAhoCorasick(self.patterns) if self.patterns else None
        self.longest = max(map(len, self.patterns), default=0)

    def matches(self, data: bytes) -> Iterator[tuple[int, int, list[tuple[int, Form]]]]:
        """Start, end and owners of every occurrence."""
        if self._found is not None and data:
            for place, start, end in self._found.find_matches_as_indexes(data, overlapping=True):
                yield start, end, self.owners[self.patterns[place]]


class Needles:
    """All forms of a list of identifiers."""

    def __init__(self, identifiers: Iterable[Identifier]) -> None:
        self.identifiers = list(identifiers)
        wanted = [(n, form) for n, each in enumerate(self.identifiers) for form in forms(each)]
        self._folded = _Automaton((n, form) for n, form in wanted if form.is_folded)
        self._exact = _Automaton((n, form) for n, form in wanted if not form.is_folded)

        self._short: dict[str, list[tuple[int, bytes]]] = {}
        for number, each in enumerate(self.identifiers):
            for name in each.fields if each.is_short else ():
                self._short.setdefault(name.casefold(), []).append((number, each.value.encode()))

    def short_in(self, column: str) -> list[tuple[int, bytes]]:
        """The short identifiers that a column of this name may hold, as numbers and values."""
        return self._short.get(column.casefold(), [])

    @property
    def short_columns(self) -> frozenset[str]:
        """Names, in lower case, of the columns in which short identifiers are looked for."""
        return frozenset(self._short)

    @property
    def count_patterns(self) -> int:
        """Byte patterns that are searched for at once."""
        return len(self._folded.patterns) + len(self._exact.patterns)

    @property
    def overlap(self) -> int:
        """How many bytes two blocks must share so that nothing falls between them."""
        return max(self._folded.longest, self._exact.longest) + _LONGEST_RUN

    def find(self, data: bytes, *, is_text: bool = True) -> Iterator[Hit]:
        """Every hit. In text a hit must be a whole value; between other bytes there are no borders to see."""
        lowered = data.lower()
        for start, end, owners in self._folded.matches(lowered):
            for number, form in owners:
                if not is_text or _is_whole(lowered, start, end, form):
                    yield Hit(number, form.name, start, end)
        for start, end, owners in self._exact.matches(data):
            for number, form in owners:
                if form.border != "base64" or _is_whole_in_base64(data, start, form):
                    yield Hit(number, form.name, start, end)


def _is_whole(text: bytes, start: int, end: int, form: Form) -> bool:
    """Whether the neighbours of a hit show that it is not a part of a longer value."""
    if form.border == "none":
        return True
    if form.border == "hex-text":
        return _is_whole_in_hex(text, start, end)
    step = 2 if form.border == "utf-16" else 1
    before = text[start - step] if start >= step else 32
    after = text[end : end + 2 * step : step]
    if form.border == "hex":
        return before not in _HEX and (not after or after[0] not in _HEX)
    return _is_border(text[start:end], before, after)


def _is_border(value: bytes, before: int, after: bytes) -> bool:
    is_address = b"@" in value or b"%40" in value
    if before in (_IN_MAILBOX if is_address else _WORD):
        return False
    if not after or after[0] not in b".-_" + bytes(_WORD):
        return True
    # A full stop may end a sentence; `example.com.au` and `S-12-3` go on.
    return after[0] in b".-" and not (is_address and len(after) > 1 and after[1] in _WORD)


def _is_whole_in_hex(text: bytes, start: int, end: int) -> bool:
    before, after = _hex_at(text, start - 2), _hex_at(text, end)
    value = bytes.fromhex(text[start:end].decode())
    return _is_border(value.lower(), before if before is not None else 32, bytes([after or 32]).lower())


def _hex_at(text: bytes, start: int) -> int | None:
    pair = text[start : start + 2] if start >= 0 else b""
    return int(pair, 16) if len(pair) == 2 and set(pair) <= _HEX else None


def _is_whole_in_base64(data: bytes, start: int, form: Form) -> bool:
    """Whether the text that a base64 run stands for holds the value by itself and not within a longer one."""
    first = start
    while first > 0 and start - first < _LONGEST_RUN and data[first - 1] in _BASE64_CHARACTERS:
        first -= 1
    run = _BASE64.match(data, first, start + _LONGEST_RUN)
    assert run is not None
    text = run.group().translate(bytes.maketrans(b"-_", b"+/"))
    value = form.value.lower()
    for shift in range(4):
        decoded = base64.b64decode(text[shift : shift + (len(text) - shift) // 4 * 4] + _last(text[shift:]))
        folded = decoded.lower()
        at = folded.find(value)
        if at >= 0 and _is_border(value, folded[at - 1] if at else 32, folded[at + len(value) :][:2]):
            return True
    return False


def _last(text: bytes) -> bytes:
    """The last characters, which are no whole group of four, as one."""
    left = len(text) % 4
    return text[-left:] + b"=" * (4 - left) if left > 1 else b""
