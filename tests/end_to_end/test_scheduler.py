"""A night under a real scheduler: what `dag.test` cannot show, since it knows no partition key."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from alluvium.lake import ledger
from alluvium.settings import CHECKOUT, Settings
from alluvium.tables.ops import OPS_RUNS

CHAIN = ["ingest_events", "build_profiles", "score_customers", "publish_nightly"]
NIGHT, DAY_AFTER = date(2017, 11, 1), date(2017, 11, 2)
PATIENCE_SECONDS = 900


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    """The variables of infra/airflow/airflow.env, as a shell reads them, with ports and waits for a test."""
    script = "set -a; source infra/airflow/airflow.env; env -0"
    base = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "SPARK"))}
    shell = subprocess.run(
        ["bash", "-c", script],
        cwd=CHECKOUT,
        env={**base, "ALLUVIUM_HOME": str(home)},
        capture_output=True,
        check=True,
    )
    port = free_port()
    return {
        **dict(entry.split("=", 1) for entry in shell.stdout.decode().split("\0") if entry),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "0",
        "ALLUVIUM_SPARK_MEMORY": "1500m",
    }


def command(env: dict[str, str], *words: str) -> None:
    done = subprocess.run(words, env=env, cwd=CHECKOUT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def ask(env: dict[str, str], query: str) -> list[tuple]:
    """From Airflow's database; nothing as long as it is being made."""
    try:
        with closing(sqlite3.connect(f"file:{env['AIRFLOW_HOME']}/airflow.db?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def wait_until(what: str, is_so, log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if is_so():
            return
        time.sleep(1)
    pytest.fail(f"Waited in vain until {what}\n{log.read_text()[-3000:]}")


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A history of sixty households with trained models, and a warm Spark server."""
    env = environment(tmp_path / "a home")
    command(env, "alluvium", "demo", "--households", "60", "--nights", "0")
    command(env, "alluvium", "spark", "start")
    yield env
    command(env, "alluvium", "spark", "stop")


@pytest.fixture
def scheduler(loaded: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """Scheduler, DAG processor and API server, with the nightly DAGs unpaused."""
    log = tmp_path / "standalone.log"
    with log.open("w") as output:
        airflow = subprocess.Popen(
            ["airflow", "standalone"], env=loaded, stdout=output, stderr=output, start_new_session=True
        )
    try:
        known = "select count(*) from dag"
        wait_until("all DAGs are known", lambda: ask(loaded, known) and ask(loaded, known)[0][0] >= 7, log)
        command(
            loaded, "airflow", "dags", "unpause", "--treat-dag-id-as-regex", "-y", f"^({'|'.join(CHAIN)})$"
        )
        yield log
    finally:
        end(airflow)


def end(process: subprocess.Popen) -> None:
    """Ask, then insist: the scheduler waits for its tasks."""
    for how, seconds in ((signal.SIGTERM, 20), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, how)
            process.wait(seconds)
        except (subprocess.TimeoutExpired, ProcessLookupError):
            continue


def runs(env: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Of the days asked for: once it may run, a DAG begins with yesterday, of which nothing landed."""
    asked = f"partition_key between '{NIGHT}' and '{DAY_AFTER}'"
    found = ask(env, f"select dag_id, partition_key, state from dag_run where {asked}")
    return {dag: (key, state) for dag, key, state in found}


def is_over(env: dict[str, str]) -> bool:
    states = runs(env)
    return states.get(CHAIN[-1], ("", ""))[1] == "success" or any(
        state == "failed" for _, state in states.values()
    )


@pytest.mark.full
def test_a_night_has_one_run_date_in_every_dag(loaded, scheduler):
    """A backfill of the first DAG, as the runbook says; the others follow by their assets."""
    command(
        loaded,
        *("airflow", "backfill", "create", "--dag-id", CHAIN[0]),
        *("--from-date", str(NIGHT), "--to-date", str(DAY_AFTER)),
    )
    wait_until("the night is over", lambda: is_over(loaded), scheduler)
    assert runs(loaded) == {dag: (str(NIGHT), "success") for dag in CHAIN}

    rows = ledger.read(OPS_RUNS, Settings(home=Path(loaded["ALLUVIUM_HOME"]))).to_pylist()
    finished = next(row for row in rows if row["job"] == "night" and row["run_date"] == NIGHT)
    of_the_night = [row for row in rows if NIGHT <= row["run_date"] <= DAY_AFTER]
    assert {row["run_date"] for row in of_the_night} == {NIGHT}
    assert {"ingest.load", "warehouse.build", "churn.score", "publish.audiences"} <= {
        r["job"] for r in of_the_night
    }
    assert finished["status"] == "succeeded"
