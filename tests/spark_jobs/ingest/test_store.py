"""A landing zone in an object store, against a real server on this machine."""

from __future__ import annotations

import pytest

from alluvium.errors import AlluviumError
from spark_jobs.ingest import store
from spark_jobs.ingest.landing import find
from tests import object_store
from tests.spark_jobs.ingest.test_landing import DAY, promise

KEY = "nights/garage/tickets/run_date=2017-11-01/"


@pytest.fixture
def server():
    return object_store.address()


@pytest.fixture
def bucket(monkeypatch):
    with object_store.bucket("landing", monkeypatch) as client:
        yield client


@pytest.fixture
def in_store(settings, server):
    changes = {"landing_s3_url": "s3://landing/nights/", "landing_s3_endpoint_url": server}
    return settings.model_copy(update=changes)


def put(bucket, name: str, text: str) -> None:
    bucket.put_object(Bucket="landing", Key=KEY + name, Body=text.encode())


def test_a_prefix_is_a_landing_zone(bucket, in_store, server):
    for name in ("b.csv", "a.csv", "_SUCCESS", ".part", "inner/c.csv"):
        put(bucket, name, f"ticket\n{name}\n")
    delivery = find(in_store, promise(), DAY)
    assert [file.name for file in delivery.files] == ["a.csv", "b.csv"]
    assert delivery.byte_count == 2 * len("ticket\na.csv\n")
    first = delivery.files[0]
    with store.fetched(first.url, first.tag, server) as path:
        assert (path.name, path.read_text()) == ("a.csv", "ticket\na.csv\n")
    assert not path.exists()


def test_the_fingerprint_follows_the_content_and_a_file_that_changes_meanwhile_is_not_read(
    bucket, in_store, server
):
    put(bucket, "a.csv", "ticket\n1\n")
    before = find(in_store, promise(), DAY)
    put(bucket, "a.csv", "ticket\n2\n")
    assert find(in_store, promise(), DAY).fingerprint() != before.fingerprint()
    [file] = before.files
    with (
        pytest.raises(AlluviumError, match=r"could not be read as it was listed.*Load the run date again"),
        store.fetched(file.url, file.tag, server),
    ):
        pass


def test_nothing_there_names_the_place(bucket, in_store):
    with pytest.raises(AlluviumError, match=r"s3://landing/nights/garage/tickets/run_date=2017-11-01/"):
        find(in_store, promise(), DAY)


def test_a_bucket_that_is_not_there_is_an_error_with_the_setting(bucket, in_store):
    elsewhere = in_store.model_copy(update={"landing_s3_url": "s3://nowhere"})
    with pytest.raises(AlluviumError, match=r"NoSuchBucket.*ALLUVIUM_LANDING_S3_URL"):
        find(elsewhere, promise(), DAY)
