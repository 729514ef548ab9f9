"""Deliveries to an SFTP server, against a real server on this machine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import paramiko
import pytest
from pydantic import ValidationError

from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from spark_jobs.publish.deliver import _remote
from spark_jobs.publish.files import MANIFEST
from spark_jobs.publish.sftp import Sftp
from tests.spark_jobs.publish.sftp_server import USER, serving

FOLDER = "2017-11-01/meta/champions"


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> SimpleNamespace:
    """The user's key in a file, the server's, and those of strangers."""
    folder = tmp_path_factory.mktemp("keys")
    found = SimpleNamespace(
        user=folder / "user", stranger=folder / "stranger", host=paramiko.RSAKey.generate(2048)
    )
    for path in (found.user, found.stranger):
        paramiko.RSAKey.generate(2048).write_private_key_file(str(path))
    return found


@pytest.fixture
def server(tmp_path, keys):
    root = tmp_path / "served"
    root.mkdir()
    with serving(root, paramiko.RSAKey.from_private_key_file(str(keys.user)), keys.host) as (port, log):
        known = tmp_path / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {keys.host.get_name()} {keys.host.get_base64()}\n")
        yield SimpleNamespace(port=port, log=log, known=known, delivered=root / "audiences" / FOLDER)


def connection(server, keys, **changes: object) -> Sftp:
    given = {
        "exports_sftp_host": "127.0.0.1", "exports_sftp_port": server.port, "exports_sftp_user": USER,
        "exports_sftp_key_file": keys.user, "exports_sftp_known_hosts": server.known,
    }  # fmt: skip
    return Sftp(Settings(**(given | changes)))


def folder_of(tmp_path: Path, manifest: str = "{}", files: tuple[str, ...] = ("audience_0001.csv",)) -> Path:
    made = tmp_path / "local"
    made.mkdir(exist_ok=True)
    for path in made.iterdir():
        path.unlink()
    for name in files:
        (made / name).write_text(f"{name} {manifest}")
    (made / MANIFEST).write_text(manifest)
    return made


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_arrives_as_it_is_with_the_manifest_last_and_only_once(tmp_path, server, keys):
    local, sftp = folder_of(tmp_path, files=("audience_0001.csv", "rejects.csv")), connection(server, keys)
    receipt = sftp.deliver(local, FOLDER)
    assert content(server.delivered) == content(local)
    names = [line.rpartition("/")[2] for line in server.log if line.startswith("rename")]
    assert names == ["audience_0001.csv", "rejects.csv", MANIFEST]
    done = len(server.log)
    assert sftp.deliver(local, FOLDER) == receipt
    assert len(server.log) == done


def test_another_night_takes_the_manifest_away_first_and_leaves_no_file_behind(tmp_path, server, keys):
    sftp = connection(server, keys)
    sftp.deliver(folder_of(tmp_path, files=("audience_0001.csv", "audience_0002.csv")), FOLDER)
    (server.delivered / ".audience_0003.csv.part").write_text("half of a file")
    server.log.clear()
    sftp.deliver(folder_of(tmp_path, '{"again": 1}'), FOLDER)
    act, _, path = server.log[0].partition(" ")
    assert (act, path.lstrip("/")) == ("remove", f"audiences/{FOLDER}/{MANIFEST}")
    assert set(content(server.delivered)) == {"audience_0001.csv", MANIFEST}


def test_a_server_that_is_not_the_known_one_gets_nothing(tmp_path, server, keys):
    stranger = paramiko.RSAKey.generate(2048)
    server.known.write_text(f"[127.0.0.1]:{server.port} ssh-rsa {stranger.get_base64()}\n")
    with pytest.raises(AlluviumError, match="BadHostKeyException"):
        connection(server, keys).deliver(folder_of(tmp_path), FOLDER)
    server.known.write_text("")
    with pytest.raises(AlluviumError, match="refused"):
        connection(server, keys).deliver(folder_of(tmp_path), FOLDER)
    assert not server.delivered.exists()


def test_a_refused_login_and_no_server_are_explained(tmp_path, server, keys):
    with pytest.raises(AlluviumError, match="refused the files") as refused:
        connection(server, keys, exports_sftp_key_file=keys.stranger).deliver(folder_of(tmp_path), FOLDER)
    assert refused.value.where == f"sftp://127.0.0.1:{server.port}/audiences/{FOLDER}"
    with pytest.raises(AlluviumError, match="refused the files"):
        connection(server, keys, exports_sftp_port=1).deliver(folder_of(tmp_path), FOLDER)


def test_the_settings_choose_one_destination():
    assert _remote(Settings(exports_s3_bucket=None)) is None
    assert isinstance(_remote(Settings(exports_sftp_host="sftp.example")), Sftp)
    with pytest.raises(ValidationError, match="not both"):
        Settings(exports_sftp_host="sftp.example", exports_s3_bucket="audiences")
