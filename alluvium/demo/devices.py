"""Browsers and apps: of account holders (some shared in a household), of passers-by, and of bots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from alluvium.demo.breakage import Row, to_json
from alluvium.demo.consent import GRANTED, Choice
from alluvium.demo.dice import dice
from alluvium.demo.people import Person
from alluvium.demo.records import Version

WEB_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/61.0.3163.100 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_13) AppleWebKit/604.1.38 (KHTML, like Gecko) "
    "Version/11.0 Safari/604.1.38",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:56.0) Gecko/20100101 Firefox/56.0",
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
)
APP_AGENTS = {
    "ios": "GroceryApp/3.2 (iPhone; iOS 11.0.3)",
    "android": "GroceryApp/3.2 (Android 8.0; Pixel 2)",
}
BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/5.2; +http://ahrefs.com/robot/)",
    "python-requests/2.18.4",
)
LIBRARIES = {"web": "analytics.js", "ios": "analytics-ios", "android": "analytics-android"}
# Address blocks that are reserved for documentation (RFC 5737).
NETWORKS = ("192.0.2", "198.51.100", "203.0.113")

COUNT_DEVICES = {1: 50, 2: 35, 3: 15}
SHARE_HOUSEHOLDS_SHARING = 0.60
SHARE_WITH_CONSENT_OBJECT = 0.65
SHARE_SKEWED_CLOCK = 0.06
SHARE_FIRST_LOGIN_IN_NIGHTS = 0.015
PASSERS_BY_PER_HOUSEHOLD = 0.5
BOTS_PER_HOUSEHOLD = 0.01
CONSENT_CATEGORIES = ("analytics", "personalisation", "marketing_ads")


@dataclass(frozen=True)
class Device:
    """One browser or app. person_id is None when it is shared, or a bot's."""

    anonymous_id: str
    person_id: str | None
    kind: str
    context: str
    skew_seconds: int
    is_login_late: bool = False

    @property
    def is_app(self) -> bool:
        """Apps send what they saw without a network when they have one again."""
        return self.kind != "web"


@dataclass(frozen=True)
class Account:
    """A shop account on the web: whose, and on which devices (row numbers)."""

    person: Person
    user_id: str
    since: str
    traits: str
    devices: tuple[int, ...]


@dataclass(frozen=True)
class Web:
    """Everybody on the web: accounts, and all devices with those of passers-by and bots at the end."""

    accounts: tuple[Account, ...]
    devices: tuple[Device, ...]
    passers_by: range
    bots: range


def everybody_on_the_web(
    people: dict[str, Person],
    shop_accounts: Sequence[Version],
    made: Iterable[Choice],
    households: int,
    seed: int,
) -> Web:
    """Give devices to account holders, then add those of nobody known."""
    rng = dice(seed, "devices")
    maker = _DeviceMaker(rng, _first_answers(made))
    firsts = _first_versions(shop_accounts)
    shared = _shared_devices(people, firsts, maker, rng)
    accounts = tuple(_account(people[version.person_id], version, shared, maker, rng) for version in firsts)
    known = len(maker.made)
    for number in range(max(2, round(households * PASSERS_BY_PER_HOUSEHOLD))):
        maker.add(f"P-visitor-{number}", _device_kind(rng), rng.choice(WEB_AGENTS))
    passers_by = range(known, len(maker.made))
    for _ in range(max(2, round(households * BOTS_PER_HOUSEHOLD))):
        maker.add(None, "web", rng.choice(BOT_AGENTS))
    return Web(accounts, tuple(maker.made), passers_by, range(passers_by.stop, len(maker.made)))


class _DeviceMaker:
    """Appends devices to a list and says at which place."""

    def __init__(self, rng: Random, answers: dict[str, dict[str, bool]]) -> None:
        self.made: list[Device] = []
        self._rng = rng
        self._answers = answers

    def add(self, person_id: str | None, kind: str, agent: str) -> int:
        rng = self._rng
        is_skewed = rng.random() < SHARE_SKEWED_CLOCK
        self.made.append(
            Device(
                anonymous_id=f"{rng.getrandbits(64):016x}-{rng.getrandbits(32):08x}",
                person_id=person_id,
                kind=kind,
                context=self._context(person_id, kind, agent),
                skew_seconds=rng.choice((-1, 1)) * rng.randrange(60, 200_000) if is_skewed else 0,
                is_login_late=rng.random() < SHARE_FIRST_LOGIN_IN_NIGHTS,
            )
        )
        return len(self.made) - 1

    def _context(self, person_id: str | None, kind: str, agent: str) -> str:
        """The members of the context object that stay the same on a device."""
        rng = self._rng
        context: Row = {
            "device": {"type": kind},
            "ip": f"{rng.choice(NETWORKS)}.{rng.randrange(1, 255)}",
            "library": {"name": LIBRARIES[kind], "version": "3.6.0"},
            "locale": "es-US" if rng.random() < 0.07 else "en-US",
            "userAgent": agent,
        }
        if rng.random() < SHARE_WITH_CONSENT_OBJECT:
            known = self._answers.get(person_id or "", {})
            drawn = {name: rng.random() < 0.9 for name in CONSENT_CATEGORIES}
            context["consent"] = {"categoryPreferences": drawn | known}
        return to_json(context)[1:-1]


def _first_answers(made: Iterable[Choice]) -> dict[str, dict[str, bool]]:
    """What each person first said to the categories of the consent banner, so that both agree."""
    answers: dict[str, dict[str, bool]] = defaultdict(dict)
    for choice in made:
        if choice.purpose in CONSENT_CATEGORIES:
            answers[choice.person_id].setdefault(choice.purpose, choice.status == GRANTED)
    return answers


def _first_versions(shop_accounts: Sequence[Version]) -> list[Version]:
    firsts: dict[str, Version] = {}
    for version in shop_accounts:
        firsts.setdefault(version.source_id, version)
    return list(firsts.values())


def _shared_devices(
    people: dict[str, Person], firsts: Sequence[Version], maker: _DeviceMaker, rng: Random
) -> dict[str, int]:
    """By household: a device on which several of its account holders log in."""
    holders: dict[str, int] = defaultdict(int)
    for version in firsts:
        holders[people[version.person_id].household] += 1
    return {
        household: maker.add(None, "web", rng.choice(WEB_AGENTS))
        for household, count in holders.items()
        if count > 1 and rng.random() < SHARE_HOUSEHOLDS_SHARING
    }


def _account(
    person: Person, version: Version, shared: dict[str, int], maker: _DeviceMaker, rng: Random
) -> Account:
    (count,) = rng.choices(list(COUNT_DEVICES), list(COUNT_DEVICES.values()))
    kinds = [_device_kind(rng) for _ in range(count)]
    devices = [maker.add(person.person_id, kind, _agent(kind, rng)) for kind in kinds]
    if person.household in shared:
        devices.append(shared[person.household])
    return Account(
        person, version.source_id, version.row["createdAt"], to_json(_traits(version)), tuple(devices)
    )


def _device_kind(rng: Random) -> str:
    return rng.choices(("web", "ios", "android"), (55, 25, 20))[0]


def _agent(kind: str, rng: Random) -> str:
    return rng.choice(WEB_AGENTS) if kind == "web" else APP_AGENTS[kind]


def _traits(version: Version) -> Row:
    held = version.details
    traits = {
        "email": held.email,
        "firstName": held.first_name,
        "lastName": held.last_name,
        "phone": held.phone,
    }
    return {name: value for name, value in traits.items() if value is not None}
