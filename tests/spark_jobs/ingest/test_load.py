"""Loading by contract: what is accepted, what is kept apart, and that nothing is lost or doubled."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date

import pytest

from alluvium.commands import ingest_days
from alluvium.errors import AlluviumError
from alluvium.privacy import keys
from alluvium.tables.ingest import PII_QUARANTINE, PII_RECORD_KEYS
from spark_jobs.ingest import batch, batch_ledger, load
from spark_jobs.ingest.judging import Judgement, judge
from spark_jobs.ingest.landing import find

TICKETS = """
description: Parking tickets, one row per ticket.
files: {format: csv}
record: card
columns:
  ticket:  {type: bigint, required: true, comment: Number}
  card:    {type: string, identifier: loyalty_card, comment: Card at the gate}
  driver:  {type: string, pii: name, comment: Who drove}
  zone:    {type: string, allowed: [north, south], comment: Where}
  amount:  {type: "decimal(12,2)", required: true, comment: Paid}
  paid_at: {type: timestamp, time_zone: UTC, required: true, comment: When}
key: [ticket]
newest: [paid_at]
event_time: paid_at
checks:
  negative_amount: amount >= 0
  paid_in_future: paid_at < run_date_end
"""
HEADER = "ticket,card,driver,zone,amount,paid_at\n"


def ticket(number: int, amount: str = "2.50", zone: str = "north", day: int = 1, card: str = "900") -> str:
    return f"{number},{card},Ann Bell,{zone},{amount},2017-11-{day:02d}T12:00:00Z\n"


FIFTY = HEADER + "".join(ticket(number, card=str(900 + number % 5)) for number in range(1, 47))
FIFTY += ticket(1, card="901") + ticket(47, amount="-1") + ticket(48, zone="west", amount="much") + "49,900\n"


def test_a_stretch_of_days_goes_on_after_a_day_that_fails_and_the_same_command_mends_it(make_source):
    toll = make_source("toll", TICKETS)
    days = [date(2017, 11, day) for day in (1, 2, 3)]
    for day in (1, 3):
        toll.land(day, HEADER + ticket(day, day=day))
    failed = ingest_days.load(days, {"source": "toll"}, toll.settings)
    assert list(failed) == [days[1]]
    assert "2017-11-02" in str(failed[days[1]])
    assert [len(toll.rows(toll.silver))] == [2]
    before = toll.commits()

    toll.land(2, HEADER + "".join(ticket(n, day=2) for n in range(4, 13)) + ticket(2, amount="-1", day=2))
    assert ingest_days.load(days, {"source": "toll"}, toll.settings) == {}
    rows = ingest_days.summed([toll.batch(day) for day in (1, 2, 3)], days)
    assert [tuple(row.values())[1:] for row in rows] == [
        (1, 0, 1, 1, 0, 0),
        (1, 0, 10, 9, 1, 0),
        (1, 0, 1, 1, 0, 0),
    ]
    after = toll.commits()
    assert {name: after[name] - before[name] for name in before} == dict.fromkeys(before, 1)


def test_a_source_of_ones_own_needs_a_contract_and_no_code(make_source):
    garage = make_source("garage", TICKETS)
    garage.land(1, FIFTY)
    row = garage.load(1)

    assert garage.counts(1) == (50, 46, 3, 1)
    assert (row["status"], row["file_count"]) == ("loaded", 1)
    assert len(garage.rows(garage.silver)) == 46
    assert garage.rows(PII_QUARANTINE, "reasons", "raw_payload", "status")[0][2] == "open"
    found = {tuple(sorted(reasons)) for (reasons,) in garage.rows(PII_QUARANTINE, "reasons")}
    assert found == {("negative_amount",), ("not_allowed:zone", "wrong_type:amount"), ("malformed_row",)}

    secret = keys.load_secret(keys.key_file(garage.settings))
    expected = sorted(
        ("garage", str(card), keys.record_key("garage", str(card), secret)) for card in range(900, 905)
    )
    assert garage.rows(PII_RECORD_KEYS) == expected
    assert {"card", "driver"}.isdisjoint(garage.bronze.columns)
    pairs = ("_run_date", "_row_hash", "record_key")
    assert garage.rows(garage.twin, *pairs) == garage.rows(garage.bronze, *pairs)

    before, commits = garage.content(), garage.commits()
    garage.load(1)
    assert garage.commits() == commits, "files that have not changed are not even read"
    garage.load(1, force="true")
    assert garage.content() == before


def test_a_batch_with_too_many_bad_rows_is_refused_whole(make_source):
    lot = make_source("lot", TICKETS)
    lot.land(1, HEADER + ticket(1) + ticket(2) + ticket(3, amount="-1"))
    row = lot.load(1)
    assert (row["status"], lot.counts(1)) == ("refused", (3, 0, 3, 0))
    kept = lot.rows(PII_QUARANTINE, "row_number", "reasons", "raw_payload")
    assert [(number, reasons) for number, reasons, _ in kept] == [
        (2, ["batch_refused"]),
        (3, ["batch_refused"]),
        (4, ["negative_amount"]),
    ]
    assert all(raw for _, _, raw in kept)
    assert lot.rows(lot.bronze) == lot.rows(lot.silver) == []


def test_a_stop_between_data_and_ledger_is_mended_by_a_rerun(make_source, monkeypatch):
    ramp = make_source("ramp", TICKETS)
    ramp.land(1, HEADER + "".join(ticket(number) for number in range(1, 6)) + ticket(6, amount="-1"))

    def stop(*_: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patched:
        patched.setattr(batch_ledger, "write", stop)
        with pytest.raises(RuntimeError):
            ramp.load(1)
    assert ramp.batch(1) == {}
    stopped = ramp.content()
    ramp.load(1)
    assert ramp.content() == stopped
    assert ramp.counts(1) == (6, 5, 1, 0)


def test_nothing_delivered_is_an_error_with_the_place_unless_it_may_stay_away(make_source):
    dock = make_source("dock", TICKETS)
    with pytest.raises(AlluviumError, match=r"dock/rows on 2017-11-01 .*run_date=2017-11-01"):
        dock.load(1)
    dock.promise(TICKETS + "optional: true\n")
    assert dock.load(1)["status"] == "empty"
    assert dock.commits() == dict.fromkeys(dock.commits(), 0)


def test_rows_of_an_event_come_late_but_not_too_late(make_source):
    late = make_source("late", TICKETS.replace("key:", "max_bad_share: 1\nkey:"))
    late.land(
        1, HEADER + ticket(1).replace("2017-11-01", "2017-09-18") + ticket(2).replace("2017-11", "2017-09")
    )
    late.load(1)
    assert late.rows(PII_QUARANTINE, "reasons") == [(["too_late:paid_at"],)]
    assert late.load(1, initial="true")["rows_accepted"] == 2
    assert late.load(1)["is_initial"], "a first load stays one"


@contextmanager
def whole_plans(spark):
    """The server cuts plans short; a test that looks for something wants all of one."""
    spark.conf.set("spark.sql.maxPlanStringLength", "10000000")
    try:
        yield
    finally:
        spark.conf.unset("spark.sql.maxPlanStringLength")


def test_neither_the_key_nor_a_value_stands_in_a_plan(make_source, spark, capsys):
    mill = make_source("mill", TICKETS)
    mill.land(1, FIFTY)
    config = mill.config(1)
    key_file = keys.ensure_key(mill.settings)
    by = Judgement(config.run_date, config.run_date_end)
    delivery = find(mill.settings, mill.contract, config.run_date)
    bench = batch.Bench(spark, mill.settings, key_file, by)
    with whole_plans(spark):
        judge(batch.delivered_rows(bench, delivery), mill.contract, by).explain(extended=True)
    plan = capsys.readouterr().out
    assert "MapInArrow" in plan
    assert key_file.read_text().strip() not in plan
    assert "Ann Bell" not in plan


def test_a_contract_that_is_not_there_is_named(make_source):
    nobody = make_source("nobody", TICKETS)
    with pytest.raises(AlluviumError, match=r"no contract for nobody/ghosts"):
        load.run(nobody.spark, nobody.config(1, entity="ghosts"))
