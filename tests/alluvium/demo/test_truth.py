from __future__ import annotations

import gzip
import json
from pathlib import Path

import fastavro
import polars as pl
import pytest

from alluvium.demo.deliveries import World
from alluvium.demo.land import LandingSummary
from alluvium.demo.truth import write_truth


@pytest.fixture(scope="module")
def truth(small: tuple[Path, LandingSummary]) -> pl.DataFrame:
    landing, _ = small
    return pl.read_parquet(landing.parent / "truth" / "records.parquet")


def ids_of(truth: pl.DataFrame, source: str) -> set[str]:
    return set(truth.filter(pl.col("source") == source)["source_id"])


def delivered_json(landing: Path, entity: str, name: str) -> set[str]:
    """Ids of every object that can be read and was not given an id of its own by breaking it."""
    found = set()
    for path in sorted((landing / entity).rglob("*.json*")):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for line in text.decode().splitlines():
            if line.endswith("}"):
                found.add(json.loads(line).get(name))
    return found


def test_a_record_is_one_person(truth: pl.DataFrame) -> None:
    assert truth.columns == ["source", "source_id", "person_id"]
    assert not truth.select("source", "source_id").is_duplicated().any()
    assert truth.null_count().sum_horizontal().item() == 0


def test_every_delivered_record_is_in_the_truth_and_no_other(
    truth: pl.DataFrame, small: tuple[Path, LandingSummary]
) -> None:
    landing, _ = small
    for source, entity, name, broken in (
        ("crm", "crm/contacts", "contact_id", "C-X"),
        ("shop", "shop/accounts", "id", "u_x"),
        ("consent", "consent/preferences", "subjectId", "-"),
    ):
        found = {i for i in delivered_json(landing, entity, name) if i and not i.startswith(broken)}
        assert found == ids_of(truth, source)


def test_every_card_of_the_till_and_the_programme_is_in_the_truth(truth: pl.DataFrame, world: World) -> None:
    first_days = world.journey.lines.group_by("household_id").agg(pl.col("local_day").min())
    seen = first_days.filter(pl.col("local_day") <= pl.date(2017, 11, 6))["household_id"].cast(pl.String)
    assert ids_of(truth, "pos") == set(seen)
    both = truth.filter(pl.col("source").is_in(["pos", "loyalty"])).group_by("source_id")
    assert both.agg(pl.col("person_id").n_unique())["person_id"].max() == 1


def test_every_subscriber_is_in_the_truth(truth: pl.DataFrame, small: tuple[Path, LandingSummary]) -> None:
    landing, _ = small
    found = set()
    for path in sorted((landing / "email/events").rglob("*.avro")):
        with path.open("rb") as file:
            found |= {row["subscriber_id"] for row in fastavro.reader(file)}
    assert found - {None} == ids_of(truth, "email")


def test_devices_are_in_the_truth_except_shared_ones_and_bots(
    truth: pl.DataFrame, small: tuple[Path, LandingSummary], world: World
) -> None:
    landing, _ = small
    found = delivered_json(landing, "web/events", "anonymousId")
    nobodys = {device.anonymous_id for device in world.web.devices if device.person_id is None}
    assert nobodys & found
    assert found - nobodys == ids_of(truth, "web")


def test_a_record_of_two_people_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="two people"):
        write_truth([("crm", "C-1", "P-1"), ("crm", "C-1", "P-2")], tmp_path)
