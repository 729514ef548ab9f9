"""web/events: visits to the web shop and app in Segment's vocabulary. JSON lines, gzipped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from alluvium.demo.batch import Batch, Batches, Counts, text, total
from alluvium.demo.breakage import Amounts, Breakage, json_lines, plant, put
from alluvium.demo.days import HISTORY_DAY, local_day
from alluvium.demo.devices import Web
from alluvium.demo.dice import array_dice, dice
from alluvium.demo.envelopes import Scene, messages, scene
from alluvium.demo.goods import Goods
from alluvium.demo.logins import with_logins
from alluvium.demo.steps import picks, steps
from alluvium.demo.visits import BROWSE, CART, visits

SHARE_LATE = 0.04
MILLISECOND = 1000

BREAKAGE = Breakage(
    amounts=Amounts(broken=(30, 5), duplicates=(20, 4)),  # the history: in each month
    rekey=lambda row, number: row.update(messageId=f"x-{number}"),
    spoils=(
        put("timestamp", "whenever"),
        put("timestamp", "2031-01-01T00:00:00.000Z"),
        put("receivedAt", None),
        put("type", "tracked"),
        put("messageId", None),
        put("properties.quantity", "two"),
        put("properties.price", "free"),
        put("properties.currency", "usd"),
    ),
    is_cut_off=True,
)


@dataclass(frozen=True)
class Traffic:
    """All steps of the year with their times and day of arrival, and what messages need besides."""

    events: pl.DataFrame
    setting: Scene


def traffic(web: Web, goods: Goods, seed: int) -> Traffic:
    """Everything that happens on the web in the year."""
    rng = array_dice(seed, "web")
    all_visits = with_logins(visits(web, goods, rng), web, rng)
    picked = picks(all_visits, goods, rng)
    events = _with_clocks(steps(all_visits, picked, rng), all_visits, web, rng)
    return Traffic(events, scene(all_visits, picked, web, goods, rng))


def event_batches(year: Traffic, seed: int, last_day: date) -> Batches:
    """The history in one file a month of arrival, then one file a night."""
    months = year.events.with_columns(file=pl.col("arrived_on").dt.truncate("1mo"))
    history = months.filter(pl.col("arrived_on") <= HISTORY_DAY).partition_by("file", as_dict=True)
    parts = [
        _file(f"events-{month:%Y-%m}", part, HISTORY_DAY, year, seed)
        for (month,), part in sorted(history.items())
    ]
    yield Batch(
        "web", "events", HISTORY_DAY, tuple(part[0] for part in parts), total(part[1] for part in parts)
    )
    nights = months.filter(pl.col("arrived_on").is_between(HISTORY_DAY, last_day, closed="right"))
    for (night,), part in sorted(nights.partition_by("arrived_on", as_dict=True).items()):
        file, counts = _file("events", part, night, year, seed)
        yield Batch("web", "events", night, (file,), counts)


def devices_seen(year: Traffic, web: Web, last_day: date) -> list[tuple[str, str]]:
    """anonymous_id and person_id of each device that sent something by then and is one person's."""
    events = year.events.filter(pl.col("arrived_on") <= last_day)
    seen = year.setting.visits.join(events.select("visit").unique(), on="visit", how="semi")["device"]
    devices = [web.devices[number] for number in seen.unique().sort()]
    return [(device.anonymous_id, device.person_id) for device in devices if device.person_id is not None]


def _file(
    name: str, part: pl.DataFrame, run_date: date, year: Traffic, seed: int
) -> tuple[tuple[str, bytes], Counts]:
    lines = messages(part, year.setting, array_dice(seed, f"messages {name} {run_date}"))
    rng = dice(seed, f"broken web {name} {run_date}")
    mixed, counts = plant(lines, json_lines(), BREAKAGE, run_date, rng)
    return (f"{name}.json.gz", text(mixed)), counts


def _with_clocks(
    timed: pl.DataFrame, all_visits: pl.DataFrame, web: Web, rng: np.random.Generator
) -> pl.DataFrame:
    """Client clocks go wrong by skew; apps without a network send everything days later."""
    skew = pl.Series([device.skew_seconds * 1000 * MILLISECOND for device in web.devices])
    is_app = pl.Series([device.is_app for device in web.devices])
    device = pl.col("device")
    can_be_late = pl.lit(is_app).gather(device) & pl.col("kind").is_in([BROWSE, CART])
    is_late = can_be_late & pl.Series(rng.random(all_visits.height) < SHARE_LATE)
    late = pl.Series(rng.integers(1, 4 * 86_400 * 1000, all_visits.height)) * MILLISECOND
    of_visit = all_visits.select(
        "visit", skew=pl.lit(skew).gather(device), late=pl.when(is_late).then(late).otherwise(0)
    )
    network = pl.Series(rng.integers(30, 800, timed.height)) * MILLISECOND
    waited = pl.Series(rng.integers(100, 3000, timed.height)) * MILLISECOND
    happened = pl.col("happened_at")
    received = happened + pl.col("late") + waited + network
    return timed.join(of_visit, on="visit", how="left", maintain_order="left").select(
        "visit", "event", "position",
        original_at=happened + pl.col("skew"),
        sent_at=received - network + pl.col("skew"),
        received_at=received,
        occurred_at=happened + network,
        arrived_on=local_day(received.cast(pl.Datetime("us"))),
    ).sort("received_at", "visit", maintain_order=True)  # fmt: skip
