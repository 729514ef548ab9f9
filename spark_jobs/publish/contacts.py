"""How often each person was contacted lately, by channel, and whether once more is within the cap.

A contact is a night that newly put the person in a file of the channel, in whatever segment; where the cap
names an event, what the channel reported counts as well. Memory holds one entry for each person who was
contacted in the days that count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from alluvium import catalog
from alluvium.lake import lake_sql, stays
from spark_jobs.publish.driver_candidates import is_there

if TYPE_CHECKING:
    from alluvium.job import JobConfig
    from spark_jobs.publish.plan import ContactCap

# $night is the night's instant: what an earlier attempt of it wrote does not count.
ENTRIES = """
SELECT customer_id, CAST(entered_at AS DATE) AS day, true AS is_entry FROM published.audience_members
WHERE platform = $platform AND entered_at < $night AND CAST(entered_at AS DATE) >= $since
"""
EVENTS = """
SELECT customer_id, occurred_on AS day, false AS is_entry FROM gold.customer_events
WHERE event = $event AND occurred_on BETWEEN $since AND $run_date AND customer_id IS NOT NULL
"""
HISTORY = """
SELECT customer_id,
    greatest(count(*) FILTER (is_entry AND day > $window), count(*) FILTER (NOT is_entry AND day > $window)),
    max(day) >= $rest
FROM ({contacts}) GROUP BY customer_id
"""


@dataclass
class Contacts:
    """Contacts within the cap's days by platform and customer, and who rests. It grows with the night."""

    caps: Mapping[str, ContactCap] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    resting: set[tuple[str, str]] = field(default_factory=set)

    def allow(self, platform: str, customer_id: str) -> bool:
        """Whether the person may be contacted once more."""
        cap = self.caps.get(platform)
        if cap is None:
            return True
        key = (platform, customer_id)
        return key not in self.resting and self.counts.get(key, 0) < cap.most

    def note(self, platform: str, customer_ids: Iterable[str]) -> None:
        """These people go out tonight."""
        cap = self.caps.get(platform)
        if cap is None:
            return
        for customer_id in customer_ids:
            key = (platform, customer_id)
            self.counts[key] = self.counts.get(key, 0) + 1
            if cap.quiet_days:
                self.resting.add(key)


def load(config: JobConfig, caps: Mapping[str, ContactCap]) -> Contacts:
    """Read what happened before the night; raises UsageError when a cap names an event and none is kept."""
    found = Contacts(caps)
    for platform, cap in caps.items():
        for customer_id, count, is_resting in _history(config, platform, cap):
            found.counts[platform, customer_id] = count
            if is_resting:
                found.resting.add((platform, customer_id))
    return found


def _history(config: JobConfig, platform: str, cap: ContactCap) -> list[tuple[str, int, bool]]:
    has_entries = is_there(config.settings, catalog.PUBLISHED_AUDIENCE_MEMBERS)
    sources = [ENTRIES] * has_entries + [EVENTS] * (cap.event is not None)
    if not sources:
        return []
    window, rest = (config.run_date - timedelta(days=days) for days in (cap.in_days, cap.quiet_days))
    values: dict[str, object] = {"window": window, "since": min(window, rest)}
    values["rest"] = rest if cap.quiet_days else date.max  # A contact on this day or later asks for quiet.
    if has_entries:
        values |= {"platform": platform, "night": stays.night_at(config.run_date)}
    if cap.event is not None:
        values |= {"event": cap.event, "run_date": config.run_date}
    view = lake_sql.View(config.settings)
    query = HISTORY.format(contacts=" UNION ALL ".join(sources))
    return lake_sql.answer(lake_sql.kept(view), view, query, values).fetchall()
