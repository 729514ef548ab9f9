"""The quick way through a number gives the library's answer, for every calling code there is."""

from __future__ import annotations

from random import Random

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from alluvium.e164 import is_normal

CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
KINDS = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]


def is_written_so(value: str, region: str | None = None) -> bool:
    """Whether the library reads the number as valid and possible and writes it as it stands."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return False
    is_valid = phonenumbers.is_valid_number(number) and phonenumbers.is_possible_number(number)
    return is_valid and phonenumbers.format_number(number, PhoneNumberFormat.E164) == value


def examples() -> list[str]:
    """A valid number of every kind of every region and of the codes without one."""
    found = [
        phonenumbers.example_number_for_type(region, kind)
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in KINDS
    ]
    found += [phonenumbers.example_number_for_non_geo_entity(code) for code in CODES]
    return [phonenumbers.format_number(number, PhoneNumberFormat.E164) for number in found if number]


EXAMPLES = examples()


def changed(number: str, dice: Random) -> str:
    """The number with one digit changed, added or left out, or with a 0 or 1 after the calling code."""
    place = dice.randrange(1, len(number))
    digit = dice.choice("0123456789")
    return dice.choice([
        f"{number[:place]}{digit}{number[place + 1 :]}", f"{number[:place]}{digit}{number[place:]}",
        f"{number[:place]}{number[place + 1 :]}",
    ])  # fmt: skip


def test_nearly_every_normal_number_is_known_without_the_library():
    known = [number for number in EXAMPLES if is_normal(number)]
    assert len(EXAMPLES) > 1000
    assert len(known) / len(EXAMPLES) > 0.95


def test_an_example_of_any_kind_and_region_is_judged_as_the_library_does():
    assert [number for number in EXAMPLES if is_normal(number) and not is_written_so(number)] == []


def disagreements(count: int, seed: int) -> list[str]:
    dice = Random(seed)
    # In order: the library makes a country's patterns anew when it has seen many others since.
    numbers = sorted({changed(dice.choice(EXAMPLES), dice) for _ in range(count)})
    return [number for number in numbers if is_normal(number) and not is_written_so(number)]


def test_a_number_with_one_mistake_is_judged_as_the_library_does():
    assert disagreements(2_000, seed=1) == []


@pytest.mark.full
def test_a_million_numbers_with_a_mistake_are_judged_as_the_library_does():
    assert disagreements(1_000_000, seed=2) == []


@settings(max_examples=50)  # Each is of another country, whose patterns the library makes anew.
@given(code=st.sampled_from(CODES), rest=st.from_regex(r"[0-9]{1,13}", fullmatch=True))
def test_any_digits_after_a_calling_code_are_judged_as_the_library_does(code, rest):
    value = f"+{code}{rest}"
    assert not is_normal(value) or is_written_so(value)


@given(value=st.text(max_size=20) | st.from_regex(r"\+[0-9٠-٩ ]{1,20}\n?", fullmatch=True))
def test_only_plain_digits_take_the_quick_way(value):
    assert not is_normal(value) or is_written_so(value)


@pytest.mark.parametrize("region", ["US", "GB", "DE", "IT", "MX", "AR", "BR"])
def test_the_country_of_the_customer_changes_nothing_about_a_normal_number(region):
    normal = [number for number in EXAMPLES[::40] if is_normal(number)]
    assert all(is_written_so(number, region) for number in normal)
