"""Where a night's files wait until the gate has seen them: beside their place, where no reader looks.

exports/.draft/<run_date>/<platform>/<segment>/   becomes   exports/<run_date>/<platform>/<segment>/
exports/.draft/<run_date>/<platform>.<segment>.moves   who is with the platform after the night
exports/.draft/<run_date>/complete                the last that is written: nothing is missing
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from alluvium.settings import Settings
from spark_jobs.publish.files import MANIFEST

COMPLETE = "complete"
DRAFT, REHEARSAL = ".draft", ".rehearsal"


def folder(settings: Settings, run_date: date, name: str = DRAFT) -> Path:
    """The drafts of one night."""
    return settings.exports / name / run_date.isoformat()


def start(settings: Settings, run_date: date, name: str = DRAFT) -> Path:
    """An empty folder for the night; what any earlier attempt left goes, of other nights too."""
    shutil.rmtree(settings.exports / name, ignore_errors=True)
    settings.exports.mkdir(mode=0o700, parents=True, exist_ok=True)
    night = folder(settings, run_date, name)
    night.mkdir(mode=0o700, parents=True)
    return night


def of_delivery(night: Path, place: str) -> Path:
    """The empty folder for the files of one delivery."""
    made = night / place
    made.mkdir(mode=0o700, parents=True)
    return made


def moves_file(night: Path, segment: str, platform: str) -> Path:
    """Where one delivery notes its moves."""
    return night / f"{platform}.{segment}.moves"


def finished(night: Path) -> Iterator[tuple[str, Path]]:
    """Every delivery whose draft is complete: its place (relative to the night) and its folder."""
    for manifest in sorted(night.glob(f"**/{MANIFEST}")):
        yield manifest.parent.relative_to(night).as_posix(), manifest.parent


def complete(night: Path) -> None:
    """Everything is drafted."""
    (night / COMPLETE).touch(mode=0o600)


def is_complete(night: Path) -> bool:
    """Whether everything was drafted: a killed run leaves a part."""
    return (night / COMPLETE).exists()


def remove(settings: Settings, run_date: date, name: str = DRAFT) -> None:
    """The night is delivered, or was only rehearsed."""
    shutil.rmtree(folder(settings, run_date, name), ignore_errors=True)
