"""Silver is a function of bronze: the order in which days arrive, and come again, does not matter."""

from __future__ import annotations

from datetime import date

PRICES = """
description: Prices, one row per article.
files: {format: csv}
columns:
  article:    {type: int, required: true}
  price:      {type: "decimal(12,2)", required: true}
  changed_on: {type: date}
key: [article]
newest: [changed_on]
"""
HEADER = "article,price,changed_on\n"
DAY_1 = HEADER + "1,1.00,2017-10-01\n2,2.00,2017-10-05\n3,3.00,\n"
DAY_2 = HEADER + "1,1.10,2017-10-01\n2,1.90,2017-10-04\n"
DAY_3 = HEADER + "3,3.30,2017-10-02\n4,4.00,2017-10-02\n"
WRONG_DAY_3 = HEADER + "1,9.99,2017-10-31\n3,9.99,2017-10-31\n5,9.99,2017-10-31\n"


def test_any_order_and_a_corrected_file_lead_to_the_same_rows(make_source):
    straight, mixed = make_source("straight", PRICES), make_source("mixed", PRICES)
    for day, text in ((1, DAY_1), (2, DAY_2), (3, DAY_3)):
        straight.land(day, text)
        straight.load(day)
    for day, text in ((3, WRONG_DAY_3), (2, DAY_2), (1, DAY_1), (3, DAY_3)):
        mixed.land(day, text)
        mixed.load(day)

    newest = [
        (1, "1.10", "2017-11-02"),
        (2, "2.00", "2017-11-01"),
        (3, "3.30", "2017-11-03"),
        (4, "4.00", "2017-11-03"),
    ]
    rows = straight.rows(straight.silver, "article", "price", "_run_date")
    assert [(article, str(price), str(day)) for article, price, day in rows] == newest
    assert mixed.rows(mixed.silver) == straight.rows(straight.silver)
    assert mixed.rows(mixed.bronze) == straight.rows(straight.bronze)


def test_what_a_full_snapshot_leaves_out_is_closed_and_comes_back(make_source):
    shelf = make_source("shelf", PRICES.replace("newest: [changed_on]", "newest: []\nfull_snapshot: true"))
    shelf.land(1, HEADER + "1,1.00,\n2,2.00,\n")
    shelf.land(2, HEADER + "1,1.00,\n")
    shelf.land(3, HEADER + "2,2.20,\n")
    for day in (1, 3, 2):
        shelf.load(day)
    assert shelf.rows(shelf.silver, "article", "_run_date", "_closed_on") == [
        (1, date(2017, 11, 2), date(2017, 11, 3)),
        (2, date(2017, 11, 3), None),
    ]


def test_two_payloads_of_one_key_are_both_kept_and_reported(make_source):
    twins = make_source("twins", PRICES)
    twins.land(1, HEADER + "1,1.00,2017-10-01\n1,1.50,2017-10-01\n2,2.00,\n")
    assert twins.load(1)["rows_conflicting"] == 2
    assert len(twins.rows(twins.bronze)) == 3
    kept = twins.rows(twins.bronze, "_row_hash", "article")
    assert twins.rows(twins.silver, "_row_hash")[:0] == []
    assert max(row[0] for row in kept if row[1] == 1) in {
        row[0] for row in twins.rows(twins.silver, "_row_hash")
    }
