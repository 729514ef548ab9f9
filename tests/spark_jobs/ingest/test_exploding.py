"""Arrays of rows, as event libraries send them."""

from __future__ import annotations

import json

from spark_jobs.ingest import reasons
from spark_jobs.ingest.exploding import exploded
from spark_jobs.ingest.rows import RawRows


def rows(*texts: str, path: str = "batch"):
    found = exploded([RawRows(list(range(1, len(texts) + 1)), list(texts))], path)
    return sorted(
        (number, text, block.problem)
        for block in found
        for number, text in zip(block.numbers, block.texts, strict=True)
    )


def test_each_message_of_a_batch_is_a_row_with_what_the_batch_says():
    batch = {"sentAt": "12:00", "context": {"ip": "a"}, "batch": [{"type": "track"}, {"sentAt": "12:01"}]}
    first, second = rows(json.dumps(batch))
    assert json.loads(first[1]) == {"sentAt": "12:00", "context": {"ip": "a"}, "type": "track"}
    assert json.loads(second[1])["sentAt"] == "12:01"
    assert [first[0], second[0]] == [1, 2]


def test_a_single_message_is_a_row_as_it_came_and_an_empty_batch_is_none():
    assert rows('{"a": 1.50}', '{"batch":[]}', '{"b":2}') == [(1, '{"a": 1.50}', None), (2, '{"b":2}', None)]


def test_what_is_no_row_is_kept_with_its_reason_and_the_others_stay():
    deep = '{"batch":' + "[" * 100_000
    twice = '{"a":1,"a":2,"batch":[]}'
    found = rows('{"batch":[{"a":1},7]}', '{"batch":{"a":1}}', twice, '{"batch":[NaN]}', deep)
    assert [problem for _, _, problem in found] == [
        None,
        reasons.MALFORMED_ROW,
        reasons.MALFORMED_ROW,
        reasons.REPEATED_FIELD,
        reasons.MALFORMED_ROW,
        reasons.MALFORMED_ROW,
    ]


def test_no_digit_of_a_number_is_lost():
    [(_, text, _)] = rows('{"batch":[{"amount":1234567890123456789.12,"price":1.50,"n":1e400}]}')
    assert json.loads(text) == {"amount": "1234567890123456789.12", "price": 1.5, "n": "1e400"}
