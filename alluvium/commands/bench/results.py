"""What benches share: costs of a step, and the file that keeps the figures."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_COUNTERS = Path("/proc/self/io")


@dataclass
class Cost:
    """Of one step: wall seconds, CPU seconds of this process and of helpers that it waited for, and the MiB
    that this process read from files.

    Bytes count whether or not a disk had to move; None where the kernel does not count them.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    read_mib: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _bytes_read() -> int | None:
    if not _COUNTERS.exists():
        return None
    lines = (line.partition(": ") for line in _COUNTERS.read_text(encoding="ascii").splitlines())
    return next(int(value) for name, _, value in lines if name == "rchar")


@contextmanager
def costing() -> Iterator[Cost]:
    """The cost of the block, known after it."""
    cost, began, cpu, read = Cost(), time.perf_counter(), _cpu(), _bytes_read()
    yield cost
    cost.seconds, cost.cpu_seconds = round(time.perf_counter() - began, 2), round(_cpu() - cpu, 2)
    after = _bytes_read()
    if read is not None and after is not None:
        cost.read_mib = round((after - read) / 2**20, 2)


def keep(figures: Any, name: str, reports: Path) -> Path:
    """Write the figures to the reports, as JSON; returns where."""
    target = reports / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, default=str, indent=2), encoding="utf-8")
    return target
