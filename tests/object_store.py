"""An object store on this machine: one server for all tests of a process, and buckets that end empty."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer


@cache
def address() -> str:
    """Where the server answers; the first who asks starts it."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    atexit.register(running.stop)
    host, port = running.get_host_and_port()
    return f"http://{host}:{port}"


@contextmanager
def bucket(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of a bucket that is there; its objects go afterwards."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=address())
    client.create_bucket(Bucket=name)
    yield client
    for item in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=item["Key"])
