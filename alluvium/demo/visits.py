"""Who visits the web shop when, and what for. One row per visit.

An order's visit ends shortly before its real basket, on the same local day. Every other visit follows from
what happened before it (a basket some days ago) or from nothing but the person's habits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from alluvium.demo.days import BUSINESS_TIME_ZONE, FIRST_DAY, LAST_DAY
from alluvium.demo.devices import Web
from alluvium.demo.goods import Goods

ORDER, BROWSE, CART, PASSING, BOT = "order", "browse", "cart", "passing", "bot"

COUNT_DAYS = (LAST_DAY - FIRST_DAY).days + 1
SECOND = 1_000_000
SHARE_CARTS = 0.38
SHARE_BASKETS_FOLLOWED_BY_VISIT = 0.30
VISITS_A_YEAR = {"shopper": 7.0, "other": 16.0}
ORDERS_WITHOUT_BASKET_A_YEAR = 2.5
VISITS_OF_PASSER_BY = 2.2
VISITS_OF_BOT = 20.0
# Web orders end this long before the till prints the basket's receipt.
MINUTES_BEFORE_BASKET = (3, 40)
NO_ACCOUNT, NO_BASKET = -1, -1

SCHEMA = {
    "kind": pl.String,
    "account": pl.Int64,
    "device": pl.Int64,
    "moment": pl.Int64,
    "basket": pl.Int64,
}


@dataclass(frozen=True)
class _Habits:
    """One value per account: share of baskets ordered on the web, curiosity (1 on average), registration."""

    web_share: np.ndarray
    curiosity: np.ndarray
    since: np.ndarray


def visits(web: Web, goods: Goods, rng: np.random.Generator) -> pl.DataFrame:
    """All visits of the year by time: kind, account, device, moment (microseconds UTC), basket (row number).

    moment is the visit's start, for orders that of Order Completed. An order without a basket is synthetic.
    """
    habits = _Habits(
        web_share=rng.beta(1.0, 4.5, len(web.accounts)),
        curiosity=rng.gamma(1.5, 1 / 1.5, len(web.accounts)),
        since=np.array([_microseconds(account.since) for account in web.accounts], dtype=np.int64),
    )
    with_account = _baskets_of_accounts(web, goods)
    parts = [
        _orders(with_account, habits, rng),
        _after_baskets(with_account, habits, rng),
        _now_and_then(web, habits, rng),
        _orders_without_basket(web, rng),
    ]
    known = pl.concat(parts).filter(pl.col("moment") > pl.lit(habits.since).gather(pl.col("account")))
    known = known.with_columns(device=_devices(web, known["account"].to_numpy(), rng))
    strangers = [
        _of_strangers(web.passers_by, PASSING, VISITS_OF_PASSER_BY, rng),
        _of_strangers(web.bots, BOT, VISITS_OF_BOT, rng),
    ]
    return pl.concat([known, *strangers]).sort("moment", "device").with_row_index("visit")


def _microseconds(iso_time: str) -> int:
    return int(datetime.fromisoformat(iso_time).timestamp()) * SECOND


def _baskets_of_accounts(web: Web, goods: Goods) -> pl.DataFrame:
    accounts = pl.DataFrame(
        {
            "household_id": [int(account.person.card or NO_ACCOUNT) for account in web.accounts],
            "account": np.arange(len(web.accounts)),
        }
    ).filter(pl.col("household_id") != NO_ACCOUNT)
    return goods.baskets.with_row_index("basket").join(accounts, on="household_id", maintain_order="left")


def _orders(baskets: pl.DataFrame, habits: _Habits, rng: np.random.Generator) -> pl.DataFrame:
    possible = baskets.filter("can_be_web")
    account = possible["account"].to_numpy()
    is_web = rng.random(len(account)) < habits.web_share[account]
    earlier = rng.uniform(*MINUTES_BEFORE_BASKET, len(account)) * 60 * SECOND
    moment = possible["sold_at"].to_physical().to_numpy() - earlier.astype(np.int64)
    return _frame(ORDER, account[is_web], moment[is_web], possible["basket"].to_numpy()[is_web])


def _after_baskets(baskets: pl.DataFrame, habits: _Habits, rng: np.random.Generator) -> pl.DataFrame:
    account = baskets["account"].to_numpy()
    is_followed = rng.random(len(account)) < SHARE_BASKETS_FOLLOWED_BY_VISIT * habits.curiosity[account]
    followed = baskets.filter(is_followed)
    day = followed["local_day"].to_physical().to_numpy() + rng.integers(1, 10, followed.height)
    return _browsing(followed["account"].to_numpy(), day, followed["basket"].to_numpy(), rng)


def _now_and_then(web: Web, habits: _Habits, rng: np.random.Generator) -> pl.DataFrame:
    a_year = [VISITS_A_YEAR["shopper" if account.person.card else "other"] for account in web.accounts]
    account = np.repeat(np.arange(len(a_year)), rng.poisson(np.array(a_year) * habits.curiosity))
    return _browsing(account, _any_day(len(account), rng), np.full(len(account), NO_BASKET), rng)


def _orders_without_basket(web: Web, rng: np.random.Generator) -> pl.DataFrame:
    """Of people who shop nowhere else: till customers' spending stays exactly the till's."""
    online = [
        number for number, account in enumerate(web.accounts) if _is_online_only(account.person.household)
    ]
    account = np.repeat(
        np.array(online, dtype=np.int64), rng.poisson(ORDERS_WITHOUT_BASKET_A_YEAR, len(online))
    )
    moment = _moments(_any_day(len(account), rng), rng)
    return _frame(ORDER, account, moment, np.full(len(account), NO_BASKET))


def _is_online_only(household: str) -> bool:
    return not household.isdigit()


def _of_strangers(devices: range, kind: str, a_year: float, rng: np.random.Generator) -> pl.DataFrame:
    device = np.repeat(np.array(devices), 1 + rng.poisson(a_year - 1, len(devices)))
    moment = _moments(_any_day(len(device), rng), rng)
    return _frame(kind, np.full(len(device), NO_ACCOUNT), moment, np.full(len(device), NO_BASKET), device)


def _browsing(
    account: np.ndarray, day: np.ndarray, basket: np.ndarray, rng: np.random.Generator
) -> pl.DataFrame:
    moment = _moments(day, rng)
    kind = np.where(rng.random(len(account)) < SHARE_CARTS, CART, BROWSE)
    return _frame(kind, account, moment, basket).filter(pl.lit(day) <= _day_number(LAST_DAY))


def _frame(
    kind: str | np.ndarray,
    account: np.ndarray,
    moment: np.ndarray,
    basket: np.ndarray,
    device: np.ndarray | None = None,
) -> pl.DataFrame:
    columns = {
        "kind": np.full(len(account), kind) if isinstance(kind, str) else kind,
        "account": account,
        "device": np.zeros(len(account), dtype=np.int64) if device is None else device,
        "moment": moment,
        "basket": basket.astype(np.int64),
    }
    return pl.DataFrame(columns, schema=SCHEMA)


def _devices(web: Web, account: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One of the account's devices for each visit."""
    flat: list[int] = []
    firsts, counts = [], []
    for one in web.accounts:
        firsts.append(len(flat))
        counts.append(len(one.devices))
        flat.extend(one.devices)
    place = np.floor(rng.random(len(account)) * np.array(counts)[account]).astype(np.int64)
    return np.array(flat)[np.array(firsts)[account] + place]


def _any_day(count: int, rng: np.random.Generator) -> np.ndarray:
    """Days since 1970; the first three days of the year are left out: nothing was sold before them."""
    return _day_number(FIRST_DAY) + rng.integers(3, COUNT_DAYS, count)


def _day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _moments(day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A local time between 6:30 and 23:00 on each day, in microseconds UTC; clocks change at other hours."""
    second = (6.5 + 16.5 * rng.beta(2.5, 1.8, len(day))) * 3600
    local = (day.astype(np.int64) * 86_400 + second.astype(np.int64)) * SECOND
    utc = pl.Series(local).cast(pl.Datetime("us")).dt.replace_time_zone(BUSINESS_TIME_ZONE)
    return utc.dt.convert_time_zone("UTC").to_physical().to_numpy()
