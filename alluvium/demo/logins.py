"""In which visits people are logged in. A device's owner is known from the first login on it."""

from __future__ import annotations

import numpy as np
import polars as pl

from alluvium.demo.days import HISTORY_DAY, utc_at
from alluvium.demo.devices import Web
from alluvium.demo.visits import NO_ACCOUNT, ORDER

SHARE_SECOND_VISIT_FIRST = 0.30
SHARE_LOGGED_IN = 0.55
SHARE_LOGGED_IN_TO_ORDER = 0.90
SHARE_IDENTIFIED_AGAIN = 0.35


def with_logins(visits: pl.DataFrame, web: Web, rng: np.random.Generator) -> pl.DataFrame:
    """Adds is_logged_in and is_identified (the visit holds an identify call) to each visit.

    Each account logs in at least once on each device that it uses: in its first visit there or its second;
    on a few devices not before the nights. Nobody is logged in before that.
    """
    here = ["device", "account"]
    count = visits.height
    draws = visits.with_columns(
        place=pl.int_range(pl.len()).over(here),
        count_visits=pl.len().over(here),
        draw_second=pl.Series(rng.random(count)),
        before_nights=_count_before_nights(web).over(here),
        draw=pl.Series(rng.random(count)),
        draw_identified=pl.Series(rng.random(count)),
    )
    starts_second = pl.col("draw_second").first().over(here) < SHARE_SECOND_VISIT_FIRST
    first = starts_second & (pl.col("count_visits") > 1)
    is_late = (pl.col("before_nights") > 0) & (pl.col("before_nights") < pl.col("count_visits"))
    login = pl.when(is_late).then("before_nights").otherwise(first.cast(pl.Int64))
    share = pl.when(pl.col("kind") == ORDER).then(SHARE_LOGGED_IN_TO_ORDER).otherwise(SHARE_LOGGED_IN)
    is_person = pl.col("account") != NO_ACCOUNT
    is_first = is_person & (pl.col("place") == login)
    again = is_person & (pl.col("place") > login) & (pl.col("draw") < share)
    return (
        draws.with_columns(is_logged_in=is_first | again)
        .with_columns(
            is_identified=is_first
            | (pl.col("is_logged_in") & (pl.col("draw_identified") < SHARE_IDENTIFIED_AGAIN))
        )
        .drop("place", "count_visits", "draw_second", "before_nights", "draw", "draw_identified")
    )


def _count_before_nights(web: Web) -> pl.Expr:
    """Visits in the history on devices whose first login is to come in a night; 0 on all others."""
    late = [number for number, device in enumerate(web.devices) if device.is_login_late]
    end_of_history = int(utc_at(HISTORY_DAY, 24 * 3600).timestamp()) * 1_000_000
    return (pl.col("device").is_in(late) & (pl.col("moment") < end_of_history)).sum().cast(pl.Int64)
