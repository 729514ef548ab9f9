"""The same person has another token for each purpose, and a rotation breaks no join while its grace lasts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from alluvium.errors import AlluviumError
from alluvium.privacy import purpose_keys

TODAY = date(2017, 11, 1)


def token(settings, purpose, value="Ann.Bell@Example.org", kind="email"):
    return purpose_keys.token(purpose_keys.current(settings, purpose), kind, value)


def test_one_address_has_another_token_for_each_purpose_and_the_same_however_it_is_written(settings):
    ads, analytics = token(settings, "marketing_ads"), token(settings, "analytics")
    assert ads.partition("-")[2] != analytics.partition("-")[2]
    assert token(settings, "marketing_ads", " ann.bell@example.org ") == ads
    assert token(settings, "marketing_ads", "joe@example.org") != ads
    assert token(settings, "marketing_ads", None) is None


def test_an_old_key_is_good_until_its_grace_ends_and_is_forgotten_at_the_next_rotation(settings):
    before = token(settings, "analytics")
    purpose_keys.rotate(settings, "analytics", TODAY, grace_days=30)
    assert token(settings, "analytics") != before
    last = TODAY + timedelta(days=30)
    assert [key.version for key in purpose_keys.good(settings, "analytics", last)] == [2, 1]
    assert [key.version for key in purpose_keys.good(settings, "analytics", last + timedelta(days=1))] == [2]
    old = purpose_keys.good(settings, "analytics", TODAY)[1]
    assert purpose_keys.token(old, "email", "ann.bell@example.org") == before
    purpose_keys.rotate(settings, "analytics", last + timedelta(days=1), grace_days=0)
    assert [key.version for key in purpose_keys.versions(settings, "analytics")] == [3, 2]


def test_rotating_one_purpose_leaves_the_others_alone(settings):
    ads = token(settings, "marketing_ads")
    purpose_keys.rotate(settings, "analytics", TODAY)
    assert token(settings, "marketing_ads") == ads


def test_keys_that_others_can_read_or_that_are_damaged_are_refused(settings):
    token(settings, "analytics")
    path = purpose_keys.file_of(settings)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(AlluviumError, match="Others can read"):
        token(settings, "analytics")
    path.write_text("{")
    with pytest.raises(AlluviumError, match="cannot be read"):
        token(settings, "analytics")
