"""The process that starts the embedded Spark Connect server and ends it with its last holder.

Started detached by `alluvium.spark.spark_server`: `python -m alluvium.spark.spark_keeper <metastore folder>`.
The command that Spark is started with comes as JSON on standard input, the token in the environment, so that
neither is seen in the list of processes.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from filelock import FileLock

from alluvium.privacy.redact import redact
from alluvium.spark import holders
from alluvium.spark.server_file import ServerFile

POLL_SECONDS = 0.5
START_SECONDS = 120
# Set while an archive of Java's classes is being made, see `alluvium.spark.class_archive`.
MAKING = "ALLUVIUM_CLASS_ARCHIVE_TO"
DUMP_SECONDS = 90


def _die_with_parent() -> None:
    # Linux only: the server must not outlive its keeper, or Derby stays locked.
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)


def _copy_redacted(source: object, log: Path) -> None:
    with log.open("a", encoding="utf-8") as target:
        for line in source:  # type: ignore[attr-defined]
            target.write(redact(line))
            target.flush()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _start(command: list[str], folder: Path, log: Path) -> subprocess.Popen[str]:
    server = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=_die_with_parent,
    )
    threading.Thread(target=_copy_redacted, args=(server.stdout, log), daemon=True).start()
    return server


def _wait_until_it_answers(server: subprocess.Popen[str], port: int) -> bool:
    end = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < end:
        if _answers(port):
            return True
        time.sleep(0.1)
    return False


def _watch(server: subprocess.Popen[str], folder: Path) -> None:
    """Return when the server died or nobody holds it any more; the registration is gone by then."""
    lock = FileLock(folder / "server.lock")
    while server.poll() is None:
        time.sleep(POLL_SECONDS)
        if holders.anybody(folder / "holders"):
            continue
        with lock:  # A command that is just attaching has the lock: look again under it.
            if not holders.anybody(folder / "holders"):
                ServerFile.remove(folder)
                return
    ServerFile.remove(folder)


def _stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    try:
        # Who makes an archive of classes writes it while it ends.
        server.wait(timeout=DUMP_SECONDS if MAKING in os.environ else 10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def main() -> int:
    """Start, register, watch, stop."""
    folder = Path(sys.argv[1])
    order = json.load(sys.stdin)
    server = _start(order["command"], folder, Path(order["log"]))
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        if not _wait_until_it_answers(server, order["port"]):
            return 1
        token = os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"]
        ServerFile(pid=server.pid, keeper_pid=os.getpid(), port=order["port"], token=token).write(folder)
        _watch(server, folder)
        return 0
    finally:
        ServerFile.remove(folder, only_pid=server.pid)
        _stop(server)


if __name__ == "__main__":
    raise SystemExit(main())
