"""An SFTP server on this machine, for one user with one key, that serves one folder."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTP_OK, SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface

USER = "alluvium"


class Login(paramiko.ServerInterface):
    """Lets in who has the key."""

    def __init__(self, key: paramiko.PKey) -> None:
        self._key = key

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        is_known = username == USER and key.asbytes() == self._key.asbytes()
        return paramiko.AUTH_SUCCESSFUL if is_known else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED


class Files(SFTPServerInterface):
    """A folder of this machine. `log` notes what was done, in order."""

    root: Path
    log: list[str]

    def _real(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def list_folder(self, path: str) -> Any:
        return [SFTPAttributes.from_stat(p.stat(), p.name) for p in sorted(self._real(path).iterdir())]

    def stat(self, path: str) -> Any:
        return self._done(lambda real: SFTPAttributes.from_stat(real.stat()), path)

    lstat = stat

    def open(self, path: str, flags: int, attr: SFTPAttributes) -> Any:
        def opened(real: Path) -> SFTPHandle:
            handle = SFTPHandle(flags)
            is_written = bool(flags & os.O_WRONLY)
            stream = real.open("wb" if is_written else "rb")
            handle.filename = str(real)
            handle.writefile = handle.readfile = stream
            if is_written:
                self.log.append(f"write {path}")
            return handle

        return self._done(opened, path)

    def remove(self, path: str) -> int:
        self.log.append(f"remove {path}")
        return self._ok(Path.unlink, path)

    def mkdir(self, path: str, attr: SFTPAttributes) -> int:
        return self._ok(Path.mkdir, path)

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        self.log.append(f"rename {newpath}")
        return self._ok(lambda real: real.replace(self._real(newpath)), oldpath)

    def _ok(self, act: Any, path: str) -> int:
        answer = self._done(act, path)
        return answer if isinstance(answer, int) else SFTP_OK

    def _done(self, act: Any, path: str) -> Any:
        try:
            return act(self._real(path))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)


def _serve(listening: socket.socket, host_key: paramiko.PKey, login: Login, files: type[Files]) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            transport = paramiko.Transport(connection)
            transport.add_server_key(host_key)
            transport.set_subsystem_handler("sftp", SFTPServer, files)
            with suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=login)


@contextmanager
def serving(root: Path, user_key: paramiko.PKey, host_key: paramiko.PKey) -> Iterator[tuple[int, list[str]]]:
    """Port and log of a server that ends with the block."""
    log: list[str] = []
    files = type("Served", (Files,), {"root": root, "log": log})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        arguments = (listening, host_key, Login(user_key), files)
        threading.Thread(target=_serve, args=arguments, daemon=True).start()
        yield listening.getsockname()[1], log
        listening.shutdown(socket.SHUT_RDWR)
