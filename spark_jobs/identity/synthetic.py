"""Made-up people whose records are known, for benchmarks and tests: Zipf names, households, errors, gaps.

Nobody in it exists: names are syllables put together. One row per record; `person_id` is the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Texts = NDArray[np.object_]
ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "st",
    "t",
    "v",
    "w",
]
VOWELS = ["a", "e", "i", "o", "u", "ea", "ai"]
CODAS = ["", "", "n", "r", "s", "l", "ck", "rt", "nd", "m", "tt"]
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
DIGITS = np.array(list("0123456789"))
COLUMNS = ("first_name", "last_name", "birth_date", "street", "town", "postcode", "email", "phone", "sex")

ROLES = {
    "name": ["first_name", "last_name"],
    "date": ["birth_date"],
    "address": ["street"],
    "place": ["town"],
    "postcode": ["postcode"],
    "email": ["email"],
    "phone": ["phone"],
    "category": ["sex"],
}


@dataclass(frozen=True)
class Noise:
    """How records differ from their people: shares of records, by kind of error."""

    typo: float = 0.08
    missing: float = 0.10
    nickname: float = 0.08
    swapped: float = 0.02
    moved: float = 0.12
    new_surname: float = 0.03
    default_day: float = 0.03
    wrong_date: float = 0.04
    extra: tuple[float, ...] = (0.62, 0.25, 0.09, 0.04)  # share of people with 1, 2, 3, 4 records


def _words(dice: np.random.Generator, count: int, syllables: int) -> Texts:
    """Different pronounceable words."""
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [
            dice.choice(letters, 2 * count).astype(object)
            for _ in range(syllables)
            for letters in (ONSETS, VOWELS)
        ]
        made = np.sum([*parts, dice.choice(CODAS, 2 * count).astype(object)], axis=0)
        found.update(dict.fromkeys(made))
    return np.array(list(found)[:count], dtype=object)


def _zipf(dice: np.random.Generator, words: Texts, count: int, exponent: float) -> Texts:
    """Draw words, the r-th with a share proportional to r ** -exponent."""
    shares = np.arange(1, len(words) + 1) ** -exponent
    return np.asarray(words[dice.choice(len(words), count, p=shares / shares.sum())])


def _dates(dice: np.random.Generator, count: int) -> Texts:
    days = dice.integers(0, 365 * 75, count) + np.datetime64("1930-01-01")
    return days.astype(str).astype(object)


def _homes(dice: np.random.Generator, count: int) -> list[Texts]:
    """Street, town and postcode of each home."""
    towns = _words(dice, max(20, count // 2000), 2)
    town = _zipf(dice, np.arange(len(towns)).astype(object), count, 0.9).astype(int)
    streets = _zipf(dice, _words(dice, max(200, count // 60), 2), count, 0.5)
    numbers = dice.integers(1, 150, count).astype(str).astype(object)
    area = (10000 + town * 7 % 80000 + dice.integers(0, 6, count)).astype(str).astype(object)
    return [numbers + " " + streets + " st", towns[town], area]


def people(count: int, dice: np.random.Generator) -> dict[str, Texts]:
    """The true details of people; about a third share home and surname with another."""
    home = np.sort(dice.choice(int(count * 0.7) + 1, count))
    street, town, postcode = (column[home] for column in _homes(dice, int(count * 0.7) + 1))
    first = _zipf(dice, _words(dice, max(300, count // 150), 2), count, 0.9)
    surnames = _zipf(dice, _words(dice, max(1000, count // 15), 2), int(count * 0.7) + 1, 0.75)
    own = _zipf(dice, surnames, count, 0.0)
    last = np.where(dice.random(count) < 0.75, surnames[home], own)
    local = first + dice.choice(["", ".", "_"], count).astype(object) + last
    numbered = local + dice.integers(0, 1000, count).astype(str).astype(object)
    email = (
        numbered + "@" + dice.choice(["mail.example", "post.example", "web.example"], count).astype(object)
    )
    phone = ("555" + dice.integers(10**6, 10**7, count).astype(str).astype(object)).astype(object)
    sex = dice.choice(["f", "m"], count).astype(object)
    values = (first, last, _dates(dice, count), street, town, postcode, email, phone, sex)
    return dict(zip(COLUMNS, values, strict=True))


def _with_typo(dice: np.random.Generator, texts: Texts, share: float) -> Texts:
    """One letter replaced, dropped, doubled or swapped with its neighbour."""
    changed = texts.copy()
    for at in np.flatnonzero((dice.random(len(texts)) < share) & (texts != None)):  # noqa: E711
        word = str(texts[at])
        if len(word) > 2:
            place, kind = int(dice.integers(0, len(word) - 1)), int(dice.integers(0, 4))
            letter = str(dice.choice(DIGITS if word[place].isdigit() else LETTERS))
            changed[at] = (
                word[:place] + letter + word[place + 1 :],
                word[:place] + word[place + 1 :],
                word[:place] + word[place] + word[place:],
                word[:place] + word[place + 1] + word[place] + word[place + 2 :],
            )[kind]
    return changed


def _nicknames(dice: np.random.Generator, first: Texts) -> dict[str, str]:
    """A nickname for every common first name: its beginning, or another word."""
    names, counts = np.unique(first.astype(str), return_counts=True)
    common = names[np.argsort(-counts)][: max(20, len(names) // 10)]
    others = _words(dice, len(common), 1)
    return {name: name[:3] if at % 2 else str(others[at]) for at, name in enumerate(common)}


def _relocated(dice: np.random.Generator, rows: dict[str, Texts], share: float) -> None:
    moved = dice.random(len(rows["street"])) < share
    elsewhere = dice.permutation(len(moved))
    for column in ("street", "town", "postcode"):
        rows[column] = np.where(moved, rows[column][elsewhere], rows[column])


def _renamed(dice: np.random.Generator, rows: dict[str, Texts], noise: Noise) -> None:
    count = len(rows["first_name"])
    short = _nicknames(dice, rows["first_name"])
    called = np.array([short.get(name, name) for name in rows["first_name"]], dtype=object)
    rows["first_name"] = np.where(dice.random(count) < noise.nickname, called, rows["first_name"])
    married = (rows["sex"] == "f") & (dice.random(count) < 2 * noise.new_surname)
    rows["last_name"] = np.where(married, dice.permutation(rows["last_name"]), rows["last_name"])
    swapped = dice.random(count) < noise.swapped
    first, last = rows["first_name"], rows["last_name"]
    rows["first_name"], rows["last_name"] = np.where(swapped, last, first), np.where(swapped, first, last)


def records(count: int, seed: int, noise: Noise | None = None) -> pl.DataFrame:
    """About `count` records: record_id, person_id and COLUMNS as text, in no order."""
    noise = noise or Noise()
    dice = np.random.default_rng(seed)
    sizes = np.arange(1, len(noise.extra) + 1)
    persons = int(count / np.dot(sizes, noise.extra))
    details = people(persons, dice)
    of = dice.permutation(np.repeat(np.arange(persons), dice.choice(sizes, persons, p=noise.extra)))
    rows = {column: values[of] for column, values in details.items()}
    _relocated(dice, rows, noise.moved)
    _renamed(dice, rows, noise)
    wrong = dice.random(len(of)) < noise.wrong_date
    rows["birth_date"] = np.where(wrong, _dates(dice, len(of)), rows["birth_date"])
    unknown = dice.random(len(of)) < noise.default_day
    years = np.array([date[:4] + "-01-01" for date in rows["birth_date"]], dtype=object)
    rows["birth_date"] = np.where(unknown, years, rows["birth_date"])
    for column, often in zip(COLUMNS, (1, 1, 0.5, 1, 1, 0.5, 0.5, 0.5, 0.1), strict=True):
        rows[column] = _with_typo(dice, rows[column], noise.typo * often)
        gaps = dice.random(len(of)) < noise.missing * (3 if column in ("email", "phone") else 1)
        rows[column] = np.where(gaps, None, rows[column])
    named = {column: pl.Series(values.tolist(), dtype=pl.String) for column, values in rows.items()}
    return pl.DataFrame({"record_id": np.arange(len(of)), "person_id": of, **named})
