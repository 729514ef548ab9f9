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


def folded(values: pl.Series) -> pl.Series:
    """Lower case words without marks and punctuation; null for nothing and for words that mean nothing."""
    different = values.unique()
    plain = _lower(different).str.replace_all(r"['’`.]", "").str.replace_all(_apart(different), " ")
    tidy = plain.str.strip_chars()
    told = tidy.set(tidy.is_in(["", *NOTHING]), None)
    table = pl.DataFrame({"value": different, "folded": told})
    return (
        values.alias("value")
        .to_frame()
        .join(table, on="value", how="left", nulls_equal=True, maintain_order="left")["folded"]
    )


def _is_ascii(values: pl.Series) -> bool:
    return bool(values.str.len_bytes().sum() == values.str.len_chars().sum())


def _lower(values: pl.Series) -> pl.Series:
    """Lower case, letters without marks; most columns need no more than the case."""
    lower = values.str.to_lowercase()
    if _is_ascii(lower):
        return lower
    known = lower.str.replace_many(list(LETTERS), list(LETTERS.values()))
    return known.str.normalize("NFKD").str.replace_all(r"\p{M}", "")


def _apart(values: pl.Series) -> str:
    """What stands between words."""
    return r"[^a-zA-Z0-9]+" if _is_ascii(values) else r"[^\p{L}\p{N}]+"


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


def squeezed(values: pl.Series) -> pl.Series:
    """Letters and digits only: `AB-12 3` is `ab123`."""
    return folded(values).str.replace_all(" ", "", literal=True)


def email(values: pl.Series) -> pl.Series:
    """A mailbox without the tag after a plus and gmail's dots; null for a placeholder or no address."""
    column = pl.col("v").str.to_lowercase().str.strip_chars()
    is_one = column.str.contains(r"^[^@\s]+@[^@\s]+$") & ~column.is_in(sorted(blocked_values()["email"]))
    return values.to_frame("v").select(pl.when(is_one).then(text.mailbox(column))).to_series()


def phone(values: pl.Series) -> pl.Series:
    """The last ten digits: country codes and leading zeros are written or not. Null below six digits."""
    digits = pl.col("v").str.replace_all(r"[xX#]\p{Nd}+$", "").str.replace_all(r"\D", "")
    is_one = (digits.str.len_chars() >= 6) & ~digits.is_in(sorted(blocked_values()["phone"]))
    return values.to_frame("v").select(pl.when(is_one).then(digits.str.tail(10))).to_series()
