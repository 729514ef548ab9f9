from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alluvium.demo.land import LandingSummary, land, land_into
from alluvium.errors import UsageError
from alluvium.settings import Settings

TWO_NIGHTS = date(2017, 11, 2)


def contents(folder: Path) -> dict[str, bytes]:
    """Every landed file; the demo's notes of what it has landed are none."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_same_parameters_land_the_same_bytes(tmp_path: Path) -> None:
    one = land_into(tmp_path / "one", tmp_path / "truth one", 20, seed=1, last_day=TWO_NIGHTS)
    other = land_into(tmp_path / "other", tmp_path / "truth other", 20, seed=1, last_day=TWO_NIGHTS)
    assert one.sha256 == other.sha256
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    assert contents(tmp_path / "truth one") == contents(tmp_path / "truth other")


def test_a_shorter_landing_leaves_its_nights_and_what_others_put_there(
    tmp_path: Path,
) -> None:
    landing = tmp_path / "landing"
    land_into(landing, tmp_path / "truth", 20, seed=1, last_day=TWO_NIGHTS)
    both = contents(landing)
    foreign = "pos/order_lines/run_date=2017-11-02/corrections.csv"
    (landing / foreign).write_text("mine")
    land_into(landing, tmp_path / "truth", 20, seed=1, last_day=date(2017, 11, 1))
    first = {path: content for path, content in both.items() if "run_date=2017-11-02" not in path}
    assert contents(landing) == {**first, foreign: b"mine"}


def test_landing_again_writes_nothing_until_a_file_is_missing(settings: Settings) -> None:
    first = land(settings, 20, seed=1, last_day=TWO_NIGHTS)
    again = land(settings, 20, seed=1, last_day=TWO_NIGHTS)
    assert again.was_there
    assert replace(again, was_there=False, seconds=first.seconds) == first
    lost = settings.landing / "crm/contacts/run_date=2017-10-31/contacts.json"
    content = lost.read_bytes()
    lost.unlink()
    assert not land(settings, 20, seed=1, last_day=TWO_NIGHTS).was_there
    assert lost.read_bytes() == content


def test_nights_outside_of_the_year_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="2018-01-01"):
        land_into(tmp_path, tmp_path, 20, last_day=date(2018, 1, 1))


def test_the_summary_counts_what_was_planted_up_to_a_night(small: tuple[Path, LandingSummary]) -> None:
    _, summary = small
    history, first_night = summary.planted(date(2017, 10, 31)), summary.planted(date(2017, 11, 1))
    assert 0 < history["broken"] < first_night["broken"] < summary.planted()["broken"]
    assert history["conflicts"] < first_night["conflicts"]
    assert summary.counts("pos", "order_lines", date(2017, 10, 31)).broken == 240
