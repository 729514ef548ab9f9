"""An analyst reaches no personal data: by 25 ways through the front door, and as another system user."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from alluvium import catalog
from alluvium.commands.customer import app as customer_app
from alluvium.commands.sql import app as sql_app
from alluvium.errors import AlluviumError
from alluvium.lake.lake_sql import View, answer, as_dicts, ask, connection
from alluvium.privacy import access, keys
from alluvium.settings import get_settings
from infra.access.__main__ import texts

VALUE = "ann.bell@example.org"
NUMBER = "5550142"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Ann's address in `pii`, an older version of it, and her customer id everywhere else."""
    settings = get_settings().model_copy(update={"home": tmp_path_factory.mktemp("home") / "home"})
    secret = keys.load_secret(keys.ensure_key(settings))
    pii = {"customer_id": "C1", "email": VALUE, "phone": NUMBER}
    key = keys.identifier_key("email", VALUE, secret=secret)
    for table, rows in {
        "pii.customers": [pii],
        "gold.customers": [{"customer_id": "C1", "email_key": key}],
        "support.customers": [{"customer_id": "C1", "email": "a•••@example.org", "phone": "•••42"}],
        "published.segment_members": [{"segment": "champions", "customer_id": "C1"}],
    }.items():
        path = settings.lake / table.replace(".", "/")
        path.parent.mkdir(parents=True)
        write_deltalake(
            str(path), pa.Table.from_pylist(rows), configuration={"delta.enableChangeDataFeed": "true"}
        )
        write_deltalake(str(path), pa.Table.from_pylist(rows), mode="overwrite")
    landed = settings.landing / "crm" / "contacts" / "run_date=2017-11-01"
    landed.mkdir(parents=True)
    (landed / "contacts.json").write_text(json.dumps(pii))
    settings.exports.mkdir()
    (settings.exports / "audience.csv").write_text(f"email\n{VALUE}\n")
    return settings


@pytest.fixture
def lake(made, monkeypatch):
    """The same home for every test of this file."""
    monkeypatch.setenv("ALLUVIUM_HOME", str(made.home))
    get_settings.cache_clear()
    yield made
    get_settings.cache_clear()


def _part(lake):
    return next((lake.lake / "pii" / "customers").glob("*.parquet"))


# Each is tried as analyst; none may answer with the value, in rows or in the text of an error.
BYPASSES = {
    "by name": lambda h: "select * from pii.customers",
    "by quoted name": lambda h: 'select * from "pii"."customers"',
    "in a subquery": lambda h: "select (select max(email) from pii.customers)",
    "in a common table": lambda h: "with c as (select * from pii.customers) select * from c",
    "in a join": lambda h: "select * from gold.customers join pii.customers using (customer_id)",
    "through another catalogue": lambda h: "select * from memory.pii.customers",
    "by the path of the table": lambda h: f"select * from delta_scan('{h.lake}/pii/customers')",
    "by a path that goes up": lambda h: f"select * from delta_scan('{h.lake}/gold/../pii/customers')",
    "by the path of a file": lambda h: f"select * from read_parquet('{_part(h)}')",
    "by a pattern of files": lambda h: f"select * from read_parquet('{h.lake}/*/customers/*.parquet')",
    "by a file as a table": lambda h: f"select * from '{_part(h)}'",
    "as raw bytes": lambda h: f"select content from read_blob('{_part(h)}')",
    "by metadata of a file": lambda h: f"select stats_min_value from parquet_metadata('{_part(h)}')",
    "an older version": lambda h: f"select * from delta_scan('{h.lake}/pii/customers', version => 0)",
    "the change feed": lambda h: f"select * from read_parquet('{h.lake}/pii/customers/_change_data/*')",
    "the log's history": lambda h: f"select * from read_json('{h.lake}/pii/customers/_delta_log/*.json')",
    "explain": lambda h: "explain analyze select * from pii.customers",
    "describe and summarize": lambda h: "summarize pii.customers",
    "an error that carries a value": lambda h: "select cast(email as int) from pii.customers",
    "landing files": lambda h: f"select * from read_text('{h.landing}/crm/contacts/*/*')",
    "audience files": lambda h: f"select * from read_csv('{h.exports}/audience.csv')",
    "attach a database": lambda h: f"attach '{h.lake}/pii' as p",
    "copy to another place": lambda h: f"copy (select * from pii.customers) to '{h.lake}/gold/c.csv'",
    "open the gate by a setting": lambda h: "set enable_external_access = true",
    "the key file, to make hashes": lambda h: f"select * from read_text('{h.secrets}/record.key')",
}  # fmt: skip


@pytest.fixture(scope="module")
def analyst(made):
    """The view of an analyst, and a connection that answers its queries in turn."""
    view = View(made.model_copy(update={"role": "analyst"}))
    return connection(view), view


@pytest.mark.parametrize("way", BYPASSES)
def test_no_way_through_sql_gives_an_analyst_personal_data(lake, analyst, way):
    try:
        said = str(as_dicts(answer(*analyst, BYPASSES[way](lake))))
    except AlluviumError as refusal:
        said = str(refusal)
    secret = keys.key_file(lake).read_text().strip()
    assert not any(value in said for value in (VALUE, NUMBER, secret))


def test_what_an_analyst_is_refused_is_there_for_who_may_read_it(lake, analyst):
    may = View(lake.model_copy(update={"role": "privacy_officer"}), with_pii=True)
    assert VALUE in str(as_dicts(ask(may, "select email from pii.customers")))
    with pytest.raises(AlluviumError, match="analyst may not read pii"):
        connection(View(analyst[1].settings, with_pii=True))


def test_support_sees_masked_details_and_nobody_else_does_without_saying_so(lake, analyst):
    support = View(lake.model_copy(update={"role": "support"}))
    assert as_dicts(ask(support, "select phone from support.customers")) == [{"phone": "•••42"}]
    assert as_dicts(ask(support, "select customer_id from gold.customers"))
    for way in ("by name", "by the path of the table", "by a pattern of files", "an older version"):
        with pytest.raises(AlluviumError):
            ask(support, BYPASSES[way](lake))
    with pytest.raises(AlluviumError, match=r"support\.customers"):
        answer(*analyst, "select * from support.customers")
    with pytest.raises(AlluviumError, match="--with-pii"):
        ask(View(lake), "select * from support.customers")


def test_a_hash_made_by_hand_meets_no_key_in_the_lake(analyst):
    hashes = ", ".join(f"{name}('{VALUE}')" for name in ("md5", "sha1", "sha256"))
    guess = f"select * from gold.customers where email_key in ({hashes})"
    assert as_dicts(answer(*analyst, guess)) == []


@pytest.mark.parametrize("role", ["analyst", "marketer", "engineer"])
def test_no_command_opens_personal_data_for_a_role_that_may_not(lake, role, monkeypatch):
    monkeypatch.setenv("ALLUVIUM_ROLE", role)
    get_settings.cache_clear()
    for app, words in (
        (sql_app, ["--with-pii", "select email from pii.customers"]),
        (customer_app, ["show", "C1"]),
    ):
        tried = CliRunner().invoke(app, words)
        assert tried.exit_code != 0
        assert VALUE not in tried.output + str(tried.exception)


def test_a_role_reads_what_it_is_granted_and_no_more(lake):
    marketer = lake.model_copy(update={"role": "marketer"})
    assert as_dicts(ask(View(marketer), "select segment from published.segment_members"))
    with pytest.raises(AlluviumError, match="may not read bronze"):
        ask(View(marketer), "select * from bronze.web_events")
    with pytest.raises(AlluviumError, match="no role 'boss'"):
        access.schemas_of("boss")


def test_every_schema_has_a_line_in_the_table_of_grants_and_only_the_officer_reads_names():
    places = {place.name: place for place in access.places()}
    assert {f"lake/{schema}" for schema in catalog.SCHEMAS} <= set(places)
    assert {name for name, place in places.items() if "analyst" in place.readers} & {
        "lake/pii", "landing", "exports", "secrets", "truth", "metastore"
    } == set()  # fmt: skip
    assert [name for name in ("lake/pii", "landing") if places[name].readers != {"privacy_officer"}] == []


def test_the_policies_of_the_bucket_are_what_the_table_of_grants_says():
    assert {path: path.read_text() for path in texts()} == texts(), "Run `python -m infra.access`"
    policy = {part["Sid"]: part for part in access.s3_policy("analyst", "b")["Statement"]}
    assert "arn:aws:s3:::b/lake/pii/*" in policy["DenyTheRest"]["Resource"]
    assert "arn:aws:s3:::b/lake/gold/*" in policy["ReadGranted"]["Resource"]


def test_a_folder_that_is_open_to_others_is_found_and_closed(lake):
    (lake.lake / "pii").chmod(0o755)
    (lake.lake / "unheard_of").mkdir()
    problems = {each.place.name: each.problem for each in access.check(lake)}
    assert problems["lake/pii"] == "open to everybody on this machine"
    assert problems["lake/unheard_of"] == "not in the table of grants"
    (lake.lake / "unheard_of").rmdir()
    assert [each.problem for each in access.apply(lake) if each.problem] == []
    assert stat.S_IMODE((lake.lake / "pii").stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_what_only_storage_can_stop_is_stopped_for_another_user_of_the_system(lake, monkeypatch):
    """Python, DuckDB or `cat` ask no front door. Every known path is tried, not only what can be listed."""
    nobody = pwd.getpwnam("nobody")
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    home = Path(shutil.copytree(lake.home, place / "home"))
    closed = ("lake/pii", "landing", "exports", "secrets")
    subprocess.run(["chmod", "-R", "a+rX", str(home)], check=True)

    def tried(*names: str) -> bytes:
        files = [str(file) for name in names for file in (home / name).rglob("*.*")]
        command = ["/bin/sh", "-c", 'for file; do cat "$file" 2>/dev/null; done; true', "sh", *files]
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        return subprocess.run(command, capture_output=True, check=True, cwd="/", **who).stdout

    try:
        assert VALUE.encode() in tried(*closed)
        monkeypatch.setattr(
            access, "_group_id", lambda name: nobody.pw_gid if name == "alluvium-gold" else None
        )
        access.apply(lake.model_copy(update={"home": home}))
        assert tried(*closed) == b""
        assert tried("lake/gold") != b""  # Whoever is in the group of a place reads there.
        assert DeltaTable(str(home / "lake" / "pii" / "customers")).version() == 1  # Its owner still can.
    finally:
        shutil.rmtree(place)
