#!/usr/bin/env bash
# Make the locked environment and fetch the jars. Safe to repeat; quiet unless something is wrong.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '  %s\n' "$*" >&2; }

python=""
for candidate in python3.11 python3.12 python3; do
  if command -v "$candidate" >/dev/null 2>&1 &&
    "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "error: Python 3.11 or 3.12 was not found. Install one (Debian: apt install python3 python3-venv)." >&2
  exit 1
fi

if command -v uv >/dev/null 2>&1; then
  uv=(uv)
else
  # uv of its own, so that nothing outside this folder changes.
  tools=.cache/uv
  if [ ! -x "$tools/bin/uv" ]; then
    say "Installing uv"
    "$python" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.8'
  fi
  uv=("$tools/bin/uv")
fi

started=$SECONDS
say "Making .venv from uv.lock (about 290 packages, 2.5 GB; minutes on a slow line)"
"${uv[@]}" sync --locked --quiet --python "$python"
say "Environment ready after $((SECONDS - started)) s"

.venv/bin/python - <<'PY'
import sys

from alluvium.errors import AlluviumError
from alluvium.spark import class_archive, jars, java

try:
    java.check()
    if not jars.found():
        print("  Fetching Delta's jars (7 files, 13 MB)", file=sys.stderr)
    jars.fetch()
    if not class_archive.path().exists():
        print("  Preparing Spark, once (about a minute)", file=sys.stderr)
        class_archive.make()
except AlluviumError as error:
    sys.exit(f"error: {error}")
PY
