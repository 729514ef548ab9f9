"""Nights that share a process share their DAGs: what one was told must not stay for the next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# A process of its own: Airflow has one home per process. No job runs; what tasks ask for is printed.
TWO_NIGHTS = """
import json
from datetime import date
from alluvium import job
from alluvium.nights import airflow
from alluvium.nights.night import Night, Nights
from alluvium.nights.night_progress import watching
from alluvium.settings import get_settings

asked = []

def note(name, run_date, options=None, settings=None):
    asked.append([name, str(run_date), dict(options or {})])
    return {}

class Silent:
    started = finished = lambda self, *told: None

job.run_job = note
settings = get_settings()
airflow.prepare(settings)
with watching(Silent()) as watcher:
    nights = Nights(settings, airflow.load_dags(), watcher)
    nights.run(Night(date(2017, 10, 31), dags=("ingest_events",), initial=True))
    nights.run(Night(date(2017, 11, 1), dags=("ingest_events",)))
print(json.dumps(asked))
"""


def test_only_the_first_load_is_told_that_it_is_one(tmp_path: Path) -> None:
    home = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
    home["ALLUVIUM_HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", TWO_NIGHTS], env=home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    asked = json.loads(done.stdout.splitlines()[-1])
    loads = [(day, options) for name, day, options in asked if name == "ingest.load"]
    assert loads == [("2017-10-31", {"initial": "true"}), ("2017-11-01", {})]
