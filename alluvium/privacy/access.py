"""Who may read what: `infra/access/grants.csv`, and what storage makes of it.

A view is no protection: whoever can open a file reads it. So each place under the home is a folder with a
group of its own, `alluvium-<place>`; a person of a role is in the groups of the role's places. On an object
store the same table gives one policy for each role.
"""

from __future__ import annotations

import csv
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from alluvium.errors import UsageError
from alluvium.settings import CHECKOUT, Settings

GRANTS = CHECKOUT / "infra" / "access" / "grants.csv"
ROLES = ("engineer", "analyst", "marketer", "support", "privacy_officer")
LAKE = "lake/"


@dataclass(frozen=True)
class Place:
    """A folder under the home, and the roles that may read it."""

    name: str
    readers: frozenset[str]
    why: str

    @property
    def group(self) -> str:
        """The group of the operating system whose members may read it."""
        return f"alluvium-{self.name.removeprefix(LAKE)}"


@dataclass(frozen=True)
class Found:
    """How a place is on disk, and what is wrong with that."""

    place: Place
    path: Path
    mode: int
    group: str
    problem: str


@lru_cache(maxsize=1)
def places() -> tuple[Place, ...]:
    """Every place of the table of grants."""
    with GRANTS.open(newline="", encoding="utf-8") as file:
        return tuple(
            Place(row["place"], frozenset(role for role in ROLES if row[role] == "read"), row["why"])
            for row in csv.DictReader(file)
        )


def schemas_of(role: str | None) -> frozenset[str] | None:
    """The schemas that a role may read; None for everything, which is no role.

    Raises UsageError for a role that there is not.
    """
    if role is None:
        return None
    if role not in ROLES:
        raise UsageError(f"There is no role {role!r}", do=f"ALLUVIUM_ROLE is one of {', '.join(ROLES)}")
    granted = (place.name for place in places() if role in place.readers and place.name.startswith(LAKE))
    return frozenset(name.removeprefix(LAKE) for name in granted)


def require(settings: Settings, schema: str | None) -> None:
    """Raises UsageError when the role of the settings may not read a schema; no schema is always granted."""
    granted = schemas_of(settings.role)
    if schema is not None and granted is not None and schema not in granted:
        raise UsageError(
            f"The role {settings.role} may not read {schema}",
            do="`alluvium privacy access show` says who may",
        )


def _group_id(name: str) -> int | None:
    import grp

    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def apply(settings: Settings) -> list[Found]:
    """Close every place to all but its owner and its group; one without a group is the owner's alone.

    The folder is what protects: whoever cannot enter it cannot open a file below, whatever the file's mode.
    """
    settings.home.chmod(0o711)  # To be passed through, not to be listed.
    if settings.lake.is_dir():
        settings.lake.chmod(0o755)
    for place in places():
        path = settings.home / place.name
        if not path.is_dir():
            continue
        group = _group_id(place.group) if place.readers else None
        if group is not None:
            _give(path, group)
        path.chmod(0o750 if group is not None else 0o700)
    return check(settings)


def _give(path: Path, group: int) -> None:
    """New files below belong to the same group: the folder's group is handed down."""
    for folder, _, files in os.walk(path):
        shutil.chown(folder, group=group)
        os.chmod(folder, 0o750 | stat.S_ISGID)
        for name in files:
            shutil.chown(Path(folder) / name, group=group)
            mode = (Path(folder) / name).stat().st_mode
            os.chmod(Path(folder) / name, (mode | stat.S_IRGRP) & 0o770)


def check(settings: Settings) -> list[Found]:
    """How each place is on disk; `problem` says what is wider than the table of grants."""
    return list(_check(settings))


def _check(settings: Settings) -> Iterator[Found]:
    import grp

    for place in places():
        path = settings.home / place.name
        if not path.is_dir():
            continue
        held = path.stat()
        mode = stat.S_IMODE(held.st_mode)
        try:
            group = grp.getgrgid(held.st_gid).gr_name
        except KeyError:
            group = str(held.st_gid)
        problem = ""
        if mode & 0o007:
            problem = "open to everybody on this machine"
        elif mode & 0o070 and not (place.readers and group == place.group):
            problem = f"open to the group {group}"
        yield Found(place, path, mode, group, problem)
    for path in sorted(settings.lake.glob("*")):
        if path.is_dir() and f"{LAKE}{path.name}" not in {place.name for place in places()}:
            unknown = Place(f"{LAKE}{path.name}", frozenset(), "")
            yield Found(unknown, path, stat.S_IMODE(path.stat().st_mode), "", "not in the table of grants")


def s3_policy(role: str, bucket: str) -> dict[str, Any]:
    """The IAM policy of a role: what it may read and list is named, all else in the bucket is denied."""
    granted = sorted(place.name for place in places() if role in place.readers)
    denied = sorted(place.name for place in places() if role not in place.readers)
    arn = f"arn:aws:s3:::{bucket}"
    lists = {"StringLike": {"s3:prefix": [f"{name}/*" for name in granted]}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadGranted",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:GetObjectVersion"],
                "Resource": [f"{arn}/{name}/*" for name in granted],
            },
            {
                "Sid": "ListGranted",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": arn,
                "Condition": lists,
            },
            {
                "Sid": "DenyTheRest",
                "Effect": "Deny",
                "Action": "s3:*",
                "Resource": [f"{arn}/{name}/*" for name in denied],
            },
            {
                "Sid": "DenyWriting",
                "Effect": "Deny",
                "Action": ["s3:Put*", "s3:Delete*", "s3:RestoreObject"],
                "Resource": [arn, f"{arn}/*"],
            },
        ],
    }
