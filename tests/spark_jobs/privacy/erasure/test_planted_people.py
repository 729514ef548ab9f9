"""25 people are planted in every source, table and kind of file; after their erasure a search finds none."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from alluvium import catalog
from alluvium.lake import ledger
from alluvium.privacy import audit, erasures, keys
from alluvium.settings import Settings
from spark_jobs.privacy import certificate
from spark_jobs.privacy.erasure import state, steps
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import People
from spark_jobs.privacy.scan.forms import SURROGATE, Identifier
from spark_jobs.privacy.scan.search import scan
from tests.spark_jobs.privacy.planting import ERASED, KEPT, PEOPLE, plant

LEDGERS = {"ops.audit", "ops.erasures", "ops.batches", "ops.key_tombstones"}


def identifiers(people):
    fields = {"loyalty_card": ("loyalty_card",)}
    named = [
        Identifier(kind, value, str(who.number), fields.get(kind, ()))
        for who in people
        for kind, value in who.values.items()
    ]
    return named + [Identifier(SURROGATE, one, str(who.number)) for who in people for one in who.customer_ids]


def rows_of_others(settings):
    """A hash of every table's rows that are not of the erased, and of the others' landed lines."""
    secret = keys.load_secret(keys.key_file(settings))
    gone = {one for who in ERASED for one in (*who.customer_ids, *who.values.values())}
    gone |= {keys.identifier_key(kind, v, secret=secret) for who in ERASED for kind, v in who.values.items()}
    lake = Lake(settings)
    found = {}
    for table in set(lake.tables) - LEDGERS:
        rows = [row for row in lake.rows(f"SELECT * FROM {table}") if not gone & set(map(str, row))]
        # What names nobody of them: refused rows and orders that stay are looked at one by one elsewhere.
        if table not in {"pii.quarantine", *_emptied_tables(settings)}:
            found[table] = sha256("\n".join(sorted(map(str, rows))).encode()).hexdigest()
    return found


def _emptied_tables(settings):
    from spark_jobs.privacy.erasure.rules import kept_conditions

    return set(kept_conditions(settings))


def erase_all(settings):
    people = People(Lake(settings), keys.load_secret(keys.key_file(settings)))
    found, problems = people.find_all([(str(who.number), who.subject) for who in ERASED])
    assert problems == []
    erasure = state.new(found)
    steps.run(settings, erasure, lambda name: None)
    steps.removals_sent(settings, erasure)
    return steps.certify(settings, erasure)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A planted home, to be copied: making it takes seconds."""
    settings = Settings(home=tmp_path_factory.mktemp("planted") / "home")
    plant(settings)
    return settings


def test_no_file_holds_any_of_25_people_and_others_keep_every_row(planted, tmp_path):
    settings = Settings(home=shutil.copytree(planted.home, tmp_path / "home"))
    assert len({f.subject for f in scan(settings.home, identifiers(PEOPLE)).findings}) == len(PEOPLE)
    before = rows_of_others(settings)
    given = erase_all(settings)
    found = scan(settings.home, identifiers(ERASED))
    assert [(f.file, f.place, f.form, f.subject) for f in found.findings] == []
    assert (given["people"], given["findings"]) == (len(ERASED), 0)
    assert found.undecodable == {}
    assert rows_of_others(settings) == before
    assert len({f.subject for f in scan(settings.home, identifiers(KEPT)).findings}) == len(KEPT)
    for entity in settings.landing.glob("*/*"):  # Their lines stay, in batches with lines that went too.
        files = [path for path in entity.rglob("*") if path.is_file()]
        there = {finding.subject for finding in scan(settings.home, identifiers(KEPT), files).findings}
        assert there == {str(who.number) for who in KEPT}, entity
    old_versions_are_gone(settings)
    secret, known = keys.load_secret(keys.key_file(settings)), erasures.load(settings)
    for who in ERASED:  # What a replay of the old files would be told by.
        key = keys.identifier_key("crm_contact_id", who.subject, secret=secret)
        assert known.erased_at(secret, key)


def old_versions_are_gone(settings):
    """Neither time travel nor RESTORE nor the change feed gives anybody back."""
    customers = settings.lake / "pii" / "customers"
    with pytest.raises(DeltaError):
        DeltaTable(str(customers), version=0).to_pyarrow_table()
    with pytest.raises(DeltaError):
        DeltaTable(str(customers)).restore(0)
    assert list(customers.rglob("_change_data/*.parquet")) == []


def _command(settings, *words):
    return subprocess.Popen(
        [sys.executable, "-m", "alluvium.cli", "privacy", "erase", *words],
        env={**os.environ, "ALLUVIUM_HOME": str(settings.home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _words(settings, requests):
    begun = state.unfinished(settings)
    return ["--removals-sent", *(["--request", begun[0]] if begun else ["--requests", str(requests)])]


def kill_at_random(made, folder, dice, count):
    """Erase a copy of the home for each kill; returns how many steps were done when the kills hit.

    The first runs to its end: how long that takes.
    """
    requests, hit, longest = folder / "requests.csv", [], 0.0
    requests.write_text("identifier\n" + "".join(f"{who.subject}\n" for who in ERASED), encoding="utf-8")
    for number in range(count + 1):
        settings = Settings(home=shutil.copytree(made.home, folder / f"home{number}"))
        began, running = time.monotonic(), _command(settings, *_words(settings, requests))
        if number:
            hit.append(_kill(running, settings, dice.uniform(0.2, 1) * longest))
            running = _command(settings, *_words(settings, requests))
        _, said = running.communicate(timeout=300)
        longest = longest or time.monotonic() - began
        is_whole(settings, running.returncode, said, identifiers(ERASED))
        shutil.rmtree(settings.home)
    return hit


def _kill(running, settings, after):
    time.sleep(after)
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    begun = state.unfinished(settings)
    return len(state.load(settings, begun[0]).done) if begun else -1


def is_whole(settings, code, said, wanted):
    given = [row for row in ledger.rows(catalog.OPS_AUDIT, settings) if row["action"] == certificate.ACTION]
    # Killed after the certificate and before the end, there is nobody left to be found.
    assert code == 0 or b"nobody here" in said, said[-2000:]
    assert len(given) == 1
    assert state.unfinished(settings) == []
    assert audit.verify(settings) == []
    assert scan(settings.home, wanted).findings == []


def test_an_erasure_that_is_killed_ends_complete_with_one_certificate(home, tmp_path):
    seed = random.randrange(10**6)
    print("seed", seed)
    requests = tmp_path / "requests.csv"
    requests.write_text("identifier\nC-7000001\n")
    running = _command(home, *_words(home, requests))
    while not state.unfinished(home):
        time.sleep(0.01)
    _kill(running, home, random.Random(seed).uniform(0, 1.5))
    running = _command(home, *_words(home, requests))
    _, said = running.communicate(timeout=300)
    ann = [Identifier("email", "ann.bell@example.org"), Identifier("crm_contact_id", "C-7000001")]
    is_whole(home, running.returncode, said, ann)


@pytest.mark.full
def test_forty_kills_during_erasures_lose_nothing_and_certify_once(planted, tmp_path):
    hit = kill_at_random(planted, tmp_path, random.Random(10), 40)
    print("steps done when killed:", sorted(hit))
    assert len(set(hit)) > 4
