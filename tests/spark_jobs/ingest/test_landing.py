"""What was delivered: files, and the columns in them that are new."""

from __future__ import annotations

from datetime import date

import pytest

from alluvium.contracts import contract
from alluvium.errors import AlluviumError
from spark_jobs.ingest.landing import find, folder

DAY = date(2017, 11, 1)


def promise(format_: str = "csv", more: str = "") -> contract.Contract:
    text = f"""
description: Tickets, one row per ticket.
files: {{format: {format_}}}
{more}
columns:
  ticket: {{type: bigint, required: true}}
key: [ticket]
"""
    return contract.parse(text, "garage", "tickets", "tickets.yml")


def test_hidden_files_and_folders_are_not_part_of_a_delivery(settings):
    place = folder(settings.landing, promise(), DAY)
    (place / "inner").mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".part", "_SUCCESS"):
        (place / name).write_text("ticket\n")
    assert [path.name for path in find(settings, promise(), DAY).files] == ["a.csv", "b.csv"]


def test_an_empty_delivery_is_an_error_that_names_contract_date_and_place(settings):
    with pytest.raises(AlluviumError, match=r"garage/tickets on 2017-11-01 .*run_date=2017-11-01"):
        find(settings, promise(), DAY)
    assert find(settings, promise(more="optional: true"), DAY).files == ()


def test_the_fingerprint_follows_names_and_bytes(settings):
    place = folder(settings.landing, promise(), DAY)
    place.mkdir(parents=True)
    (place / "a.csv").write_text("ticket\n1\n")
    seen = [find(settings, promise(), DAY).fingerprint()]
    (place / "a.csv").write_text("ticket\n2\n")
    seen.append(find(settings, promise(), DAY).fingerprint())
    (place / "a.csv").rename(place / "b.csv")
    seen.append(find(settings, promise(), DAY).fingerprint())
    assert len(set(seen)) == 3
    assert find(settings, promise(), DAY).fingerprint() == seen[-1]
