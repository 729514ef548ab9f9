"""Forms of text that are compared instead of what was typed. Pure polars expressions and functions."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

TITLES = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "prof",
    "sir",
    "madam",
    "herr",
    "frau",
    "sr",
    "jr",
    "ii",
    "iii",
    "phd",
]
STREET_WORDS = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "lane": "ln", "court": "ct",
    "place": "pl", "boulevard": "blvd", "highway": "hwy", "parkway": "pkwy", "terrace": "ter",
    "circle": "cir", "square": "sq", "trail": "trl", "mount": "mt", "saint": "st", "north": "n", "south": "s",
    "east": "e", "west": "w", "crescent": "cres", "close": "cl", "grove": "gr", "apartment": "apt",
    "suite": "apt", "ste": "apt", "unit": "apt", "no": "apt", "#": "apt",
}  # fmt: skip
LONG_LOCAL_PART = 6  # letters; `info` or `anna` are at every provider
_UNIT = r"\bapt\s*\w*$"


def folded(text: pl.Expr) -> pl.Expr:
    """Lower case without marks and punctuation, one space between words; null when nothing is left."""
    plain = text.str.to_lowercase().str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    words = plain.str.replace_all(r"['’`.]", "").str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars()
    return pl.when(words != "").then(words)


def tidy(text: pl.Expr) -> pl.Expr:
    """Readable form: single spaces, and a capital per word where all was typed in one case."""
    spaced = text.str.replace_all(r"\s+", " ").str.strip_chars()
    one_case = (spaced == spaced.str.to_lowercase()) | (spaced == spaced.str.to_uppercase())
    shown = pl.when(one_case).then(spaced.str.to_titlecase()).otherwise(spaced)
    return pl.when(shown != "").then(shown)


def without_titles(name: pl.Expr) -> pl.Expr:
    """A folded name less forms of address and generation; as it was when nothing else is left."""
    words = name.str.split(" ").list.eval(pl.element().filter(~pl.element().is_in(TITLES))).list.join(" ")
    return pl.when(words != "").then(words).otherwise(name)


def _short(street: pl.Expr) -> pl.Expr:
    """A folded street with the usual abbreviations."""
    words = folded(street.str.replace_all("#", " apt ")).str.split(" ")
    return words.list.eval(pl.element().replace(STREET_WORDS)).list.join(" ")


def street_core(street: pl.Expr) -> pl.Expr:
    """A street with the usual abbreviations and without the unit: `12 Main Street, Apt 4` is `12 main st`."""
    short = _short(street)
    core = short.str.replace(_UNIT, "").str.strip_chars()
    return pl.when(core != "").then(core).otherwise(short)


def unit(street: pl.Expr) -> pl.Expr:
    """The flat that a street names, `4` in `12 Main Street, Apt 4`; null without one."""
    return _short(street).str.extract(r"\bapt\s*(\w*)$", 1).replace("", None)


def mailbox(email: pl.Expr) -> pl.Expr:
    """An address without what its provider ignores: the tag after a plus, and at gmail the dots."""
    local, domain = email.str.extract(r"^([^+@]+)", 1), email.str.extract(r"@(.*)$", 1)
    plain = pl.when(domain.str.contains(r"^(gmail|googlemail)\.")).then(local.str.replace_all(r"\.", ""))
    return pl.concat_str(plain.otherwise(local), pl.lit("@"), domain)


def long_local_part(email: pl.Expr) -> pl.Expr:
    """What stands before the @, when it is long enough to say something at another provider too."""
    local = email.str.extract(r"^([^+@]+)", 1).str.replace_all(r"\.", "")
    return pl.when(local.str.len_chars() >= LONG_LOCAL_PART).then(local)


def by_value(values: pl.Series, function: Callable[[str], str | None]) -> pl.Series:
    """Apply a function to each different value once; null stays null."""
    table = {value: function(value) for value in values.drop_nulls().unique()}
    return values.replace_strict(table, default=None, return_dtype=pl.String)
