"""Copies of audience folders on an SFTP server (SSH by paramiko).

A reader goes by the manifest: it is taken away first and written last. Every file is uploaded under another
name and renamed, so that nobody reads half of one. The server must be known: its key stands in the
known-hosts file, and no other is accepted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from alluvium.errors import AlluviumError
from spark_jobs.publish.files import MANIFEST

if TYPE_CHECKING:
    from paramiko import SFTPClient

    from alluvium.settings import Settings

TIMEOUT_SECONDS = 20
PART = ".part"


class Sftp:
    """One server and a folder on it. Who logs in is proven by a key file or by the user's SSH agent."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.exports_sftp_folder.rstrip("/")

    def address(self, folder: str) -> str:
        """The folder's address, such as `sftp://host:22/audiences/2017-11-01/meta/champions`."""
        path = self._path(folder)
        port = self._settings.exports_sftp_port
        return f"sftp://{self._settings.exports_sftp_host}:{port}/{path.lstrip('/')}"

    def _path(self, path: str) -> str:
        return posixpath.join(self._folder, path) if self._folder else path

    def deliver(self, local: Path, folder: str) -> str:
        """Bring the folder to the server unless the same is there; returns the SHA-256 of its manifest there.

        Raises AlluviumError when the server refuses, is not the known one, or does not answer.
        """
        from paramiko import SSHException

        try:
            with self._open() as client:
                return _deliver(client, local, self._path(folder))
        except (SSHException, OSError) as error:
            reason = type(error).__name__ if isinstance(error, SSHException) else error.strerror or str(error)
        do = "Check the server, its key in known_hosts and the login; the same command goes on from here"
        raise AlluviumError(f"The SFTP server refused the files: {reason}", where=self.address(folder), do=do)

    @contextmanager
    def _open(self) -> Iterator[SFTPClient]:
        from paramiko import RejectPolicy, SSHClient

        settings = self._settings
        with SSHClient() as client:
            client.set_missing_host_key_policy(RejectPolicy())
            client.load_host_keys(str(settings.exports_sftp_known_hosts.expanduser()))
            key = settings.exports_sftp_key_file
            client.connect(
                settings.exports_sftp_host or "",
                port=settings.exports_sftp_port,
                username=settings.exports_sftp_user,
                key_filename=str(key.expanduser()) if key else None,
                look_for_keys=False,
                allow_agent=key is None,
                timeout=TIMEOUT_SECONDS,
                banner_timeout=TIMEOUT_SECONDS,
                auth_timeout=TIMEOUT_SECONDS,
            )
            with client.open_sftp() as opened:
                yield opened


def _deliver(client: SFTPClient, local: Path, folder: str) -> str:
    content = (local / MANIFEST).read_bytes()
    manifest = posixpath.join(folder, MANIFEST)
    _make_folders(client, folder)
    there = set(client.listdir(folder))
    if MANIFEST in there:
        if _read(client, manifest) == content:
            return sha256(content).hexdigest()
        client.remove(manifest)
    files = [path for path in sorted(local.iterdir()) if path.name != MANIFEST]
    for path in files:
        _put(client, path, folder)
    for name in there - {path.name for path in files} - {MANIFEST}:
        client.remove(posixpath.join(folder, name))
    _put(client, local / MANIFEST, folder)
    return sha256(_read(client, manifest)).hexdigest()


def _make_folders(client: SFTPClient, folder: str) -> None:
    parts = folder.split("/")
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        if not path:
            continue
        try:
            client.stat(path)
        except FileNotFoundError:
            client.mkdir(path, mode=0o700)


def _put(client: SFTPClient, path: Path, folder: str) -> None:
    """Whole or not at all: `put` checks the size, the rename replaces."""
    part = posixpath.join(folder, f".{path.name}{PART}")
    client.put(str(path), part)
    client.posix_rename(part, posixpath.join(folder, path.name))


def _read(client: SFTPClient, path: str) -> bytes:
    with client.open(path, "rb") as handle:
        return handle.read()
