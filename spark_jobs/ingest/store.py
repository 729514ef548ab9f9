"""Where landed files lie: on a disk that the workers see too, or in an object store.

An object is fetched by the worker that reads it, pinned to the content that was listed: a file that changes
between listing and reading ends the load instead of being half one and half the other.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlparse

from alluvium.errors import AlluviumError

SCHEME = "s3"


@dataclass(frozen=True)
class Landed:
    """One landed file. `tag` is what an object store says of its content; None on a disk."""

    url: str
    name: str
    size: int
    tag: str | None = None


def _client(endpoint_url: str | None) -> Any:
    import boto3

    return boto3.client(SCHEME, endpoint_url=endpoint_url)


def on_this_disk(folder: Path) -> list[Landed]:
    """The files of a folder by name, those that begin with a dot or underscore left out."""
    paths = sorted(path for path in folder.glob("*") if path.is_file())
    return [Landed(str(path), path.name, path.stat().st_size) for path in paths if path.name[0] not in "._"]


def in_bucket(prefix: str, endpoint_url: str | None) -> list[Landed]:
    """The objects directly below a prefix such as `s3://bucket/landing/pos/order_lines/run_date=2017-11-01/`.

    Raises AlluviumError when the store cannot be listed.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    address = urlparse(prefix)
    inside = address.path.lstrip("/")
    try:
        pages = _client(endpoint_url).get_paginator("list_objects_v2")
        found = [
            item
            for page in pages.paginate(Bucket=address.netloc, Prefix=inside, Delimiter="/")
            for item in page.get("Contents", [])
        ]
    except (BotoCoreError, ClientError) as error:
        raise AlluviumError(
            f"The landing zone cannot be listed: {_said(error)}",
            where=prefix,
            do="Check ALLUVIUM_LANDING_S3_URL, and the credentials that boto3 finds",
        ) from error
    named = [(PurePosixPath(item["Key"]).name, item) for item in found if not item["Key"].endswith("/")]
    return [
        Landed(f"{SCHEME}://{address.netloc}/{item['Key']}", name, item["Size"], item["ETag"])
        for name, item in sorted(named, key=lambda pair: pair[0])
        if name[0] not in "._"
    ]


def _said(error: Exception) -> str:
    """What a store says, without the request that it quotes."""
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


@contextmanager
def fetched(url: str, tag: str | None, endpoint_url: str | None) -> Iterator[Path]:
    """The file on this machine's disk while the block runs.

    Raises AlluviumError when the object is gone or no longer the one that was listed.
    """
    address = urlparse(url)
    if address.scheme != SCHEME:
        yield Path(url)
        return
    with TemporaryDirectory(prefix="landed-") as folder:
        path = Path(folder) / PurePosixPath(address.path).name
        _download(address.netloc, address.path.lstrip("/"), tag, endpoint_url, path)
        yield path


def _download(bucket: str, key: str, tag: str | None, endpoint_url: str | None, path: Path) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    pinned = {"IfMatch": tag} if tag else {}
    try:
        body = _client(endpoint_url).get_object(Bucket=bucket, Key=key, **pinned)["Body"]
        with path.open("wb") as target:
            shutil.copyfileobj(body, target, 2**20)
    except (BotoCoreError, ClientError) as error:
        raise AlluviumError(
            f"A landed file could not be read as it was listed: {_said(error)}",
            where=f"{SCHEME}://{bucket}/{key}",
            do="Load the run date again",
        ) from error
