"""Deliveries to an object store, against a real server on this machine."""

from __future__ import annotations

import pytest

from alluvium.errors import AlluviumError
from alluvium.settings import Settings
from spark_jobs.publish.bucket import Bucket
from spark_jobs.publish.files import MANIFEST
from tests import object_store

FOLDER = "2017-11-01/meta/champions"


@pytest.fixture
def server():
    return object_store.address()


@pytest.fixture
def store(monkeypatch):
    with object_store.bucket("audiences", monkeypatch) as client:
        yield client


def make_bucket(server, name="audiences"):
    return Bucket(
        Settings(exports_s3_bucket=name, exports_s3_prefix="nights", exports_s3_endpoint_url=server)
    )


def make_folder(tmp_path, manifest="{}", files=("audience_0001.csv",)):
    for path in tmp_path.iterdir():
        path.unlink()
    for name in files:
        (tmp_path / name).write_text(f"{name} {manifest}")
    (tmp_path / MANIFEST).write_text(manifest)
    return tmp_path


def keys(store):
    return [item["Key"] for item in store.list_objects_v2(Bucket="audiences").get("Contents", [])]


def test_a_folder_is_delivered_once(tmp_path, server, store):
    bucket, folder = make_bucket(server), make_folder(tmp_path)
    receipt = bucket.deliver(folder, FOLDER)
    assert keys(store) == [f"nights/{FOLDER}/audience_0001.csv", f"nights/{FOLDER}/{MANIFEST}"]
    store.delete_object(Bucket="audiences", Key=f"nights/{FOLDER}/audience_0001.csv")
    assert bucket.deliver(folder, FOLDER) == receipt
    assert keys(store) == [f"nights/{FOLDER}/{MANIFEST}"], "the same delivery was sent again"


def test_a_corrected_folder_replaces_the_first_and_leaves_no_stray_file(tmp_path, server, store):
    bucket = make_bucket(server)
    bucket.deliver(make_folder(tmp_path, files=("audience_0001.csv", "audience_0002.csv")), FOLDER)
    bucket.deliver(make_folder(tmp_path, manifest='{"corrected": true}'), FOLDER)
    assert keys(store) == [f"nights/{FOLDER}/audience_0001.csv", f"nights/{FOLDER}/{MANIFEST}"]


def test_the_manifest_is_missing_while_files_are_on_their_way(tmp_path, server, store, monkeypatch):
    bucket = make_bucket(server)
    bucket.deliver(make_folder(tmp_path), FOLDER)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bucket, "_delete_others", killed)
    with pytest.raises(KeyboardInterrupt):
        bucket.deliver(make_folder(tmp_path, manifest='{"corrected": true}'), FOLDER)
    assert keys(store) == [f"nights/{FOLDER}/audience_0001.csv"]


def test_a_store_that_refuses_is_one_clear_line_without_secrets(tmp_path, server, store):
    with pytest.raises(AlluviumError) as refused:
        make_bucket(server, name="nobody-has-this").deliver(make_folder(tmp_path), FOLDER)
    assert "refused" in refused.value.what
    assert "very-secret" not in str(refused.value)
    assert "s3://nobody-has-this/nights/2017-11-01/meta/champions" in str(refused.value)
