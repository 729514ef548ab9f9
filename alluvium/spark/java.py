"""Find a Java that Spark can run on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from alluvium.errors import AlluviumError

SUPPORTED = (17, 21)
ADVICE = "Install Java 17 or 21 (Debian: `apt install openjdk-17-jre-headless`) or point JAVA_HOME at one"


def find() -> Path:
    """The `java` that Spark will use: the one under JAVA_HOME, else the one on the PATH.

    Raises AlluviumError when there is none.
    """
    home = os.environ.get("JAVA_HOME")
    if home and (java := Path(home) / "bin" / "java").is_file():
        return java
    if home:
        raise AlluviumError("There is no Java where JAVA_HOME points", where=f"JAVA_HOME={home}", do=ADVICE)
    if on_path := shutil.which("java"):
        return Path(on_path)
    raise AlluviumError("Java was not found", do=ADVICE)


def major_version(java: Path) -> int:
    """The feature release, such as 17; 8 for the old `1.8` style."""
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(?:1\.)?(\d+)', shown)
    if not match:
        raise AlluviumError("Java did not tell its version", where=str(java), do=ADVICE)
    return int(match.group(1))


def check() -> tuple[Path, int]:
    """Return the Java to use and its version; raises AlluviumError unless it is a supported one."""
    java = find()
    version = major_version(java)
    if version not in SUPPORTED:
        raise AlluviumError(f"Java {version} cannot run this Spark", where=str(java), do=ADVICE)
    return java, version
