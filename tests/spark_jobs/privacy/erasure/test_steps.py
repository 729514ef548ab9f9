"""An erasure leaves nothing of the person and changes nothing of others, however often it is interrupted."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.privacy import app
from alluvium.errors import AlluviumError
from alluvium.lake import ledger
from alluvium.privacy import audit, erasures, holds, keys
from spark_jobs.privacy import certificate
from spark_jobs.privacy.erasure import state, steps
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import People
from spark_jobs.privacy.scan.forms import Identifier
from spark_jobs.privacy.scan.search import scan

ANN, JOE = "ann.bell@example.org", "joe.hill@example.org"


def found(home, value=ANN):
    return People(Lake(home), keys.load_secret(keys.key_file(home))).find("1", value)


def rows(home, table):
    return DeltaTable(str(home.lake / table.replace(".", "/"))).to_pyarrow_table().to_pylist()


def erased(home):
    erasure = state.new([found(home)])
    steps.run(home, erasure, lambda name: None)
    steps.removals_sent(home, erasure)
    return erasure, steps.certify(home, erasure)


def test_any_identifier_leads_to_the_whole_person(home):
    by_mail = found(home)
    assert [found(home, value) for value in ("C-7000001", "516", "Ca000000000000001")] == [by_mail] * 3
    assert by_mail.sources == (("crm", "C-7000001"), ("pos", "516"))
    with pytest.raises(AlluviumError, match="nobody here"):
        found(home, "nobody@example.org")


def test_nothing_of_the_person_is_left_and_others_keep_every_value(home):
    log = (home.logs / "night.log").read_text()
    _, given = erased(home)
    wanted = [Identifier("email", ANN), Identifier("crm_contact_id", "C-7000001")]
    wanted += [Identifier("loyalty_card", "516", fields=("loyalty_card",))]
    assert scan(home.home, wanted).findings == []
    assert given["findings"] == 0
    assert [row["email"] for row in rows(home, "pii.customers")] == [JOE]
    orders = sorted(rows(home, "gold.orders"), key=lambda row: row["order_id"])
    assert [row["customer_id"] for row in orders] == [None, "Cb000000000000002"]
    assert sum(row["order_total"] for row in orders) == 5.0
    landed = home.landing / "pos" / "order_lines" / "run_date=2017-11-01" / "order_lines.csv.gz"
    assert gzip.decompress(landed.read_bytes()).decode().splitlines()[1:] == ["0,,7,2.50", "1,517,516,2.50"]
    assert (home.logs / "night.log").read_text() == log.replace(ANN, "<erased>")
    batches = {row["source"]: row for row in ledger.rows(catalog.OPS_BATCHES, home)}
    counts = [(b["rows_read"], b["rows_accepted"], b["rows_quarantined"]) for b in batches.values()]
    assert sorted(counts) == [(2, 1, 1), (2, 2, 0)]


def test_a_platform_gets_the_line_by_which_it_knows_the_person(home):
    erasure = state.new([found(home)])
    steps.run(home, erasure, lambda name: None)
    [waiting] = steps.waiting_removals(home, erasure)
    assert waiting.read_bytes().decode() == (f'"email","customer_id"\r\n"{ANN}","Ca000000000000001"\r\n')
    with pytest.raises(AlluviumError, match="findings"):
        steps.certify(home, erasure)


class Killed(BaseException):
    """Nothing may catch it."""


def test_a_kill_at_every_step_loses_nothing_and_the_certificate_is_written_once(home, monkeypatch):
    erasure = state.new([found(home)])
    real = steps.STEPS.copy()
    for name in real:
        for is_before in (True, False):

            def killed(work, step=real[name], is_before=is_before):
                if not is_before:
                    step(work)
                raise Killed

            monkeypatch.setitem(steps.STEPS, name, killed)
            with pytest.raises(Killed):
                steps.run(home, erasure, lambda _: None)
            erasure = state.load(home, erasure.request_id)
            monkeypatch.setitem(steps.STEPS, name, real[name])
    steps.run(home, erasure, lambda name: None)
    steps.removals_sent(home, erasure)
    monkeypatch.setattr(state, "end", lambda *_: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        steps.certify(home, erasure)
    monkeypatch.undo()
    steps.certify(home, state.load(home, erasure.request_id))
    acts = [row for row in ledger.rows(catalog.OPS_AUDIT, home) if row["action"] == certificate.ACTION]
    assert len(acts) == 1
    assert state.unfinished(home) == []
    assert [row["email"] for row in rows(home, "pii.customers")] == [JOE]
    given = certificate.find(home, erasure.request_id)
    assert (given["tables"]["gold.orders"]["rows_kept"], given["tables"]["pii.customers"]["rows"]) == (1, 1)


def test_ingest_knows_the_tokens_and_a_changed_certificate_is_not_sound(home):
    person = found(home)
    _, given = erased(home)
    secret, known = keys.load_secret(keys.key_file(home)), erasures.load(home)
    assert all(known.erased_at(secret, key) for key in person.record_keys)
    assert known.erased_at(secret, keys.record_key("crm", "C-7000002", secret)) is None
    assert certificate.problems(home, given) == []
    assert certificate.problems(home, given | {"people": 2}) != []
    assert certificate.problems(home, given, public="00" * 32) != []
    assert audit.verify(home) == []


def test_many_requests_in_one_pass_give_what_each_gives_alone(home):
    people = People(Lake(home), keys.load_secret(keys.key_file(home)))
    asked = [("7", ANN), ("7", "516"), ("8", JOE)]
    persons, problems = people.find_all(asked)
    assert problems == []
    assert [person.subject for person in persons] == ["7", "7", "8"]
    assert [replace(p, subject="1") for p in persons] == [found(home, value) for _, value in asked]
    _, problems = people.find_all([*asked, ("9", "nobody@example.org")])
    assert [str(problem) for problem in problems] == ["Request 9: nobody here has that identifier"]


def test_whoever_is_held_for_a_claim_is_not_erased(home):
    holds.place(home, holds.CUSTOMER + "Ca000000000000001", "claim 17/204")
    answer = CliRunner().invoke(app, ["erase", "--subject", ANN])
    assert "legal hold" in str(answer.exception)
    assert sorted(row["email"] for row in rows(home, "pii.customers")) == [ANN, JOE]
