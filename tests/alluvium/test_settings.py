from __future__ import annotations

import pytest

from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings


def test_everything_lies_under_the_home_folder(settings: Settings) -> None:
    folders = [
        settings.landing,
        settings.lake,
        settings.exports,
        settings.secrets,
        settings.reports,
        settings.truth,
    ]
    assert all(folder.parent == settings.home for folder in folders)


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLUVIUM_BUSINESS_TIME_ZONE", "Europe/Nowhere")
    get_settings.cache_clear()
    with pytest.raises(UsageError, match=r"ALLUVIUM_BUSINESS_TIME_ZONE.*Europe/Nowhere"):
        get_settings()
    get_settings.cache_clear()
