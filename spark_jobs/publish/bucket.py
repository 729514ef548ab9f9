"""Copies of audience folders in an object store (S3 by boto3).

A reader goes by the manifest: it is taken away first and written last, so that there is no moment at which a
manifest lists files that are not there. Every other object appears whole or not at all.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alluvium.errors import AlluviumError
from spark_jobs.publish.files import MANIFEST

if TYPE_CHECKING:
    from alluvium.settings import Settings

HASH = "sha256"


class Bucket:
    """One bucket and a folder within it. Credentials come from where boto3 looks for them."""

    def __init__(self, settings: Settings) -> None:
        import boto3
        from botocore.config import Config

        self.name, self._prefix = settings.exports_s3_bucket, settings.exports_s3_prefix.strip("/")
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.exports_s3_endpoint_url,
            config=Config(retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10),
        )

    def address(self, folder: str) -> str:
        """The folder's address, such as `s3://bucket/audiences/2017-11-01/meta/champions`."""
        return f"s3://{self.name}/{self._key(folder)}"

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def deliver(self, local: Path, folder: str) -> str:
        """Bring the folder to the bucket unless the same is there; returns the manifest's receipt (ETag).

        Raises AlluviumError when the store refuses or does not answer.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return self._deliver(local, folder)
        except ClientError as error:
            reason = error.response.get("Error", {}).get("Code", "unknown error")
        except BotoCoreError as error:
            reason = type(error).__name__
        do = "Check the bucket, its endpoint and the credentials; the same command goes on from here"
        raise AlluviumError(
            f"The object store refused the files: {reason}", where=self.address(folder), do=do
        )

    def _deliver(self, local: Path, folder: str) -> str:
        content = (local / MANIFEST).read_bytes()
        manifest, digest = self._key(f"{folder}/{MANIFEST}"), sha256(content).hexdigest()
        present = self._head(manifest)
        if present and present["Metadata"].get(HASH) == digest:
            return str(present["ETag"])
        if present:
            self._client.delete_object(Bucket=self.name, Key=manifest)
        files = [path for path in sorted(local.iterdir()) if path.name != MANIFEST]
        for path in files:
            self._client.upload_file(str(path), self.name, self._key(f"{folder}/{path.name}"))
        self._delete_others(folder, {self._key(f"{folder}/{path.name}") for path in files})
        stored = self._client.put_object(
            Bucket=self.name, Key=manifest, Body=content, Metadata={HASH: digest}
        )
        return str(stored["ETag"])

    def _head(self, key: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self._client.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 and self._exists():
                return None
            raise
        return found

    def _exists(self) -> bool:
        self._client.head_bucket(Bucket=self.name)
        return True

    def _delete_others(self, folder: str, kept: set[str]) -> None:
        """Delete files of an earlier attempt that are no part of this one."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=self._key(f"{folder}/")
        )
        for key in [item["Key"] for page in pages for item in page.get("Contents", [])]:
            if key not in kept:
                self._client.delete_object(Bucket=self.name, Key=key)
