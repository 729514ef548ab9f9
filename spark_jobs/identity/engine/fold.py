"""One written form for what people write in many: case, marks, punctuation, words, days."""

from __future__ import annotations

import re

import polars as pl

from spark_jobs.identity import text
from spark_jobs.identity.rules import blocked_values

# Letters that Unicode does not take apart.
LETTERS = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"}
# Scripts that put no space between words: what is longer than a name becomes pairs of characters.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{5,}"
_RUN = re.compile(f"({UNSPACED})")
NOTHING = ("null", "none", "nan", "n a", "undefined", "unknown", "not known", "not available", "missing")


def folded(column: pl.Expr) -> pl.Expr:
    """Lower case words without marks and punctuation; null for nothing and for words that mean nothing."""
    plain = text.folded(column.str.to_lowercase().str.replace_many(list(LETTERS), list(LETTERS.values())))
    return pl.when(~plain.is_in(NOTHING)).then(plain)


def words(values: pl.Series) -> pl.Series:
    """The words of each folded value, as lists."""
    if values.str.contains(UNSPACED).any():
        return pl.Series([_words_of(value) for value in values], dtype=pl.List(pl.String))
    return values.str.split(" ")


def _words_of(value: str | None) -> list[str] | None:
    """`東京都千代田区` as overlapping pairs of characters; other words stay."""
    if value is None:
        return None
    pieces = _RUN.split(value)
    return [piece for at, run in enumerate(pieces) for piece in (_bigrams(run) if at % 2 else run.split())]


def _bigrams(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def squeezed(column: pl.Expr) -> pl.Expr:
    """Letters and digits only: `AB-12 3` is `ab123`."""
    return folded(column).str.replace_all(" ", "")


def email(column: pl.Expr) -> pl.Expr:
    """A mailbox without the tag after a plus and gmail's dots; null for what is no address or a placeholder."""
    plain = column.str.to_lowercase().str.strip_chars()
    is_one = plain.str.contains(r"^[^@\s]+@[^@\s]+$") & ~plain.is_in(sorted(blocked_values()["email"]))
    return pl.when(is_one).then(text.mailbox(plain))


def phone(column: pl.Expr) -> pl.Expr:
    """The last ten digits: country codes and leading zeros are written or not. Null below six digits."""
    digits = column.str.replace_all(r"\p{Nd}*[xX#]\p{Nd}+$", "").str.replace_all(r"\D", "")
    is_one = (digits.str.len_chars() >= 6) & ~digits.is_in(sorted(blocked_values()["phone"]))
    return pl.when(is_one).then(digits.str.tail(10))
