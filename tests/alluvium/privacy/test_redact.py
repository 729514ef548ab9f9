from __future__ import annotations

import pytest

from alluvium.privacy.redact import redact


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("cannot cast 'ada.lovelace+x@mail.example.com' to int", "cannot cast '<email>' to int"),
        ("call (212) 555-0187 now", "call <phone> now"),
        ("phone +12125550187 is bad", "phone <phone> is bad"),
        ("token=abcdef0123", "token=<secret>"),
        (
            "run 2017-11-01 read 1,469,307 rows of basket 31198570044",
            "run 2017-11-01 read 1,469,307 rows of basket 31198570044",
        ),
    ],
)
def test_what_names_a_person_or_opens_a_door_is_replaced(text: str, kept: str) -> None:
    assert redact(text) == kept
