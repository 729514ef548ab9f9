"""What this machine needs before Alluvium can work, and how to mend what is missing."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import psutil

from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from alluvium.spark import jars, java

LEAST_MEMORY_GB = 6
LEAST_DISK_GB = 4


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    is_good: bool
    seen: str
    mend: str = ""


def _python(settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    good = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding(
        "Python", good, version, "Use Python 3.11 or 3.12: `uv venv --python 3.11`, then `make setup`"
    )


def _java(settings: Settings) -> Finding:
    try:
        path, version = java.check()
    except AlluviumError as error:
        return Finding("Java", False, error.what, error.do or "")
    return Finding("Java", True, f"{version} at {path}")


def _jars(settings: Settings) -> Finding:
    found = jars.found()
    return Finding(
        "Delta jars", bool(found), f"{len(found)} files", "Run `make setup`; it needs Maven Central once"
    )


def _memory(settings: Settings) -> Finding:
    free = psutil.virtual_memory().available / 2**30
    mend = "Close other programs, or lower ALLUVIUM_SPARK_MEMORY"
    return Finding("Memory", free >= LEAST_MEMORY_GB, f"{free:.1f} GiB free", mend)


def _existing_parent(path: Path) -> Path:
    return path if path.exists() else _existing_parent(path.parent)


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing_parent(settings.home)).free / 2**30
    mend = "Free some space or set ALLUVIUM_HOME to another disk"
    return Finding("Disk", free >= LEAST_DISK_GB, f"{free:.1f} GiB free at {settings.home}", mend)


def _write_access(settings: Settings) -> Finding:
    folder = _existing_parent(settings.home)
    try:
        with NamedTemporaryFile(dir=folder):
            return Finding("Write access", True, str(folder))
    except OSError as error:
        return Finding(
            "Write access", False, f"{folder}: {error.strerror}", "Set ALLUVIUM_HOME to a folder of your own"
        )


def _port(settings: Settings) -> Finding:
    from alluvium.spark.server_file import ServerFile

    if server := ServerFile.read_living(settings.metastore):
        return Finding("Port", True, f"Spark answers at localhost:{server.port}")
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", settings.spark_port or 0))
        except OSError:
            return Finding(
                "Port",
                False,
                f"{settings.spark_port} is in use",
                "Unset ALLUVIUM_SPARK_PORT or choose another",
            )
    return Finding("Port", True, str(settings.spark_port or "any free one"))


def _spark_remote(settings: Settings) -> Finding:
    from alluvium.spark.session import check_answers

    remote = os.environ["SPARK_REMOTE"]
    try:
        check_answers(remote)
    except AlluviumError as error:
        return Finding("SPARK_REMOTE", False, error.what, error.do or "")
    return Finding("SPARK_REMOTE", True, f"{remote} answers")


QUICK: tuple[Callable[[Settings], Finding], ...] = (_python, _java, _jars)
ALL = (*QUICK, _memory, _disk, _write_access, _port)


def findings(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding after the other."""
    checks = (*ALL, _spark_remote) if os.environ.get("SPARK_REMOTE") else ALL
    return (check(settings) for check in checks)


def require(settings: Settings) -> None:
    """The quick part, before anything needs Spark; raises AlluviumError for the first thing missing."""
    if os.environ.get("SPARK_REMOTE"):
        return
    for check in QUICK:
        finding = check(settings)
        if not finding.is_good:
            raise AlluviumError(f"{finding.name}: {finding.seen}", do=finding.mend)
