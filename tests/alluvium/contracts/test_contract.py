"""Contracts: what is taken, and that a broken one is refused with every mistake and its line."""

from __future__ import annotations

import pytest

from alluvium.contracts import contract
from alluvium.contracts.contract_sql import check_mistake, tolerant
from alluvium.errors import AlluviumError
from alluvium.settings import CHECKOUT

GOOD = """\
description: Parking tickets, one row per ticket.
files: {format: csv}
record: card
columns:
  ticket:  {type: bigint, required: true}
  card:    {type: string, identifier: loyalty_card}
  paid_at: {type: timestamp, time_zone: Europe/Berlin, required: true}
  amount:  {type: "decimal(12,2)"}
key: [ticket]
newest: [paid_at]
checks:
  negative_amount: amount >= 0
"""


def parse(text: str) -> contract.Contract:
    return contract.parse(text, "garage", "tickets", "garage/tickets.yml")


def refusal(text: str) -> str:
    with pytest.raises(AlluviumError) as caught:
        parse(text)
    return str(caught.value)


def test_every_contract_of_the_checkout_can_be_used():
    contracts = contract.load_all(CHECKOUT / "spark_jobs" / "ingest" / "sources")
    assert len(contracts) >= 12


def test_what_is_not_said_has_a_default():
    found = parse(GOOD)
    assert (found.max_bad_share, found.on_new_column, found.optional, found.record_kind) == (
        0.2,
        "keep",
        False,
        "person",
    )


def test_an_identifier_in_the_key_counts_by_its_hash():
    text = GOOD.replace("card:    {type: string,", "card:    {type: string, required: true,")
    assert parse(text.replace("key: [ticket]", "key: [ticket, card]")).silver_key == ("ticket", "card_key")


def test_the_version_follows_the_content_of_the_file():
    assert parse(GOOD).version == parse(GOOD).version
    assert parse(GOOD).version != parse(GOOD.replace(">= 0", "> 0")).version


def test_several_mistakes_are_shown_at_once_each_with_its_line():
    message = refusal(GOOD.replace("csv", "cvs").replace("bigint", "bigit") + "colour: red\n")
    assert "3 mistakes" in message
    for line in (2, 5, 13):
        assert f"garage/tickets.yml:{line}: " in message


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("key: [ticket]", "key: [ticket, place]", 9, "'place' is not among the columns"),
        ("key: [ticket]", "key: [amount]", 9, "must be `required: true`"),
        ("record: card", "record: ticket", 3, "must be a column with an `identifier`"),
        (", time_zone: Europe/Berlin", "", 7, "needs a `time_zone`"),
        ("Europe/Berlin", "Europe/Atlantis", 7, "not an IANA time zone"),
        ("amount >= 0", "price >= 0", 12, "unknown column 'price'"),
        ("amount >= 0", "amount >=", 12, "is not an SQL condition"),
        ("amount >= 0", "amount + 1", 12, "is not a condition that is true or false"),
        ("amount >= 0", "sum(amount) > 0", 12, "looks at one row"),
        ("newest: [paid_at]", "newest: [card]", 10, "is personal"),
        ("amount:  {", "ticket:  {", 8, "stands here twice"),
        ("description: Parking tickets, one row per ticket.\n", "", 1, "`description` is missing"),
        ("record: card", "record: [", 5, "expected"),
        ("format: csv", "format: kafka", 2, "belong together"),
        ("format: csv", "format: csv, topic: tickets", 2, "belong together"),
        ("format: csv", "format: csv, explode: batch", 2, "`explode` needs"),
        ("format: csv", "format: csv, until: run_date_end", 2, "`until` needs"),
        ("required: true}\n  amount", "required: true, min: 0}\n  amount", 7, "need a number or a date"),
        ('"decimal(12,2)"}', '"decimal(12,2)", min: 2, max: 1}', 8, "`min` is above `max`"),
    ],
)
def test_a_mistake_is_named_at_its_line(old, new, line, words):
    message = refusal(GOOD.replace(old, new, 1))
    assert f"garage/tickets.yml:{line}: " in message
    assert words in message


def test_one_broken_file_does_not_hide_the_others(tmp_path):
    (tmp_path / "garage").mkdir()
    (tmp_path / "garage" / "tickets.yml").write_text(GOOD)
    (tmp_path / "garage" / "broken.yml").write_text("files: 1\n")
    contracts, refusals = contract.read_all(tmp_path)
    assert [each.label for each in contracts] == ["garage/tickets"]
    assert len(refusals) == 1
    with pytest.raises(AlluviumError, match=r"broken\.yml"):
        contract.load_all(tmp_path)


def test_a_contract_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(AlluviumError, match="no contract for garage/tickets"):
        contract.load("garage", "tickets", tmp_path)


def test_a_check_cannot_raise_on_a_value():
    written = tolerant("cast(amount as int) / ticket > 1")
    assert written == "TRY_DIVIDE(TRY_CAST(amount AS INT), ticket) > 1"


def test_a_check_may_use_the_run_date_and_nested_fields():
    assert (
        check_mistake("paid_at < run_date_end and basket.size > 1", {"paid_at": "timestamp", "basket": "map"})
        is None
    )
