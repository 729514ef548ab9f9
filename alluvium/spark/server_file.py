"""What is known of the running Spark server: `metastore/server.json`, readable by its owner only."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class ServerFile:
    """Where the server listens and what it asks of a client."""

    pid: int
    keeper_pid: int
    port: int
    token: str

    @classmethod
    def path(cls, folder: Path) -> Path:
        """The file within the metastore folder."""
        return folder / "server.json"

    def write(self, folder: Path) -> None:
        """Appear at once and complete, mode 0600."""
        beside = folder / f".server.{self.pid}.json"
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
        beside.replace(self.path(folder))

    @classmethod
    def read_living(cls, folder: Path) -> ServerFile | None:
        """The registered server when its keeper and its process live, else None."""
        try:
            server = cls(**json.loads(cls.path(folder).read_text()))
        except (OSError, ValueError, TypeError):
            return None
        return server if psutil.pid_exists(server.pid) and psutil.pid_exists(server.keeper_pid) else None

    @classmethod
    def remove(cls, folder: Path, only_pid: int | None = None) -> None:
        """Take the registration back; with `only_pid` only when it is that server's."""
        if only_pid is not None:
            registered = cls.read_living(folder)
            if registered is not None and registered.pid != only_pid:
                return
        cls.path(folder).unlink(missing_ok=True)
