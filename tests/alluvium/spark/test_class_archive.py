"""A server uses the archive that is there, and starts without it when there is none."""

from pathlib import Path

import pytest

from alluvium.spark import class_archive, java


def test_the_archive_that_is_there_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "classes.jsa"
    monkeypatch.setattr(class_archive, "path", lambda: archive)
    assert class_archive.java_options() == []
    archive.touch()
    assert f"-XX:SharedArchiveFile={archive}" in class_archive.java_options()


def test_another_java_has_another_archive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = class_archive.path()
    other = tmp_path / "java"
    other.write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n")
    other.chmod(0o755)
    monkeypatch.setattr(java, "find", lambda: other)
    assert class_archive.path() != ours
