"""A whole night on real shopping: nothing lost, nothing twice, money to the cent."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from alluvium.lake import migration
from tests.end_to_end.conftest import Demo

LAST_NIGHT = "2017-11-01"
BY_MONTH = "strftime(timezone('America/New_York', sold_at), '%Y-%m')"


def landed_real_money(demo: Demo) -> dict[str, Decimal]:
    """What the till's files say, real rows only, by local month."""
    files = sorted(Path(demo.settings.landing / "pos" / "order_lines").glob("run_date=*/*.csv.gz"))
    wanted = [str(file) for file in files if file.parent.name <= f"run_date={LAST_NIGHT}"]
    query = """
        select month, sum(amount) from (
            select distinct
                basket_id, product_id, amount::decimal(12, 2) as amount,
                strftime(
                    timezone('America/New_York', sold_at::timestamp at time zone 'UTC'), '%Y-%m'
                ) as month
            from read_csv(?, all_varchar = true, ignore_errors = true, null_padding = true)
            where provenance = 'real'
        ) group by month
    """
    return dict(duckdb.execute(query, [wanted]).fetchall())


def test_every_till_line_is_counted_once_from_the_file_to_gold_to_the_cent(demo: Demo) -> None:
    landed = landed_real_money(demo)
    assert sum(landed.values()) > 50_000
    for layer in ("bronze", "silver"):
        table = f"{layer}.pos_order_lines"
        query = f"select {BY_MONTH}, sum(amount) from {table} where provenance = 'real' group by 1"
        assert dict(demo.rows(query)) == landed, layer
    in_gold = demo.rows(
        "select strftime(l.ordered_on, '%Y-%m'), sum(l.amount) from gold.order_lines as l "
        "inner join silver.pos_order_lines as s on l.order_id = 'pos-' || s.basket_id "
        "and l.product_id = s.product_id::varchar where s.provenance = 'real' group by 1"
    )
    assert dict(in_gold) == landed


def test_only_the_history_is_a_first_load(demo: Demo) -> None:
    """What one night was told must not stay with the DAGs for the next."""
    told = demo.rows(
        "select run_date::varchar, bool_and(is_initial), bool_or(is_initial) from ops.batches group by 1"
    )
    assert sorted(told) == [("2017-10-31", True, True), (LAST_NIGHT, False, False)]


def test_what_a_customer_spent_in_gold_is_what_the_till_took(demo: Demo) -> None:
    differing = demo.rows(
        """
        with till as (
            select r.customer_id, sum(s.amount) as spent
            from silver.pos_order_lines as s
            inner join identity.customer_records as r using (record_key)
            where r.tier = 'strict' and r.is_current
            group by r.customer_id
        ),
        gold as (
            select customer_id, sum(order_total) as spent from gold.orders where source = 'pos' group by 1
        )
        select customer_id from till full join gold using (customer_id)
        where till.spent is distinct from gold.spent and customer_id is not null
        """
    )
    assert differing == []


def test_every_planted_row_is_caught_and_the_ledger_adds_up(demo: Demo) -> None:
    rows, planted = demo.summary["rows"], demo.summary["planted"]
    kinds = ("accepted", "quarantined", "suppressed", "duplicates")
    assert rows["rows_read"] == sum(rows[kind] for kind in kinds)
    assert rows["quarantined"] == planted["broken"]
    assert rows["duplicates"] == planted["duplicates"]


def test_every_customer_has_scores_and_twenty_products_for_each_placement(demo: Demo) -> None:
    customers = demo.rows("select count(*) from gold.customers")[0][0]
    assert customers > 50
    for table in ("ml.churn_scores", "ml.ltv_scores"):
        assert demo.rows(f"select count(distinct customer_id) from {table}")[0][0] == customers
    shown = demo.rows(
        "select placement, count(*), count(distinct customer_id) from published.recommendations "
        "where rank <= 20 and reason_text is not null and placement <> 'cart' "
        "group by placement order by placement"
    )
    assert shown == [(name, 20 * customers, customers) for name in ("buy_again", "discover", "home")]


def test_nobody_is_exported_without_a_granted_consent(demo: Demo) -> None:
    wrong = demo.rows(
        """
        select m.customer_id, m.platform from published.audience_members as m
        where m.left_at is null and not exists (
            select 1 from gold.consents as c
            where c.customer_id = m.customer_id and c.purpose = m.purpose
                and c.status = 'granted' and c.is_current
        )
        """
    )
    assert wrong == []


def test_the_report_shows_every_chapter(demo: Demo) -> None:
    page = (demo.settings.reports / f"{LAST_NIGHT}.html").read_text(encoding="utf-8")
    assert page.count("<svg ") >= 10
    assert "Nothing to show" not in page
    assert "@example" not in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_lake_made_today_is_as_catalogue_contracts_and_marts_say(demo: Demo) -> None:
    assert migration.plan(demo.settings) == []


def cpu_seconds(work: Callable[[], object]) -> float:
    """What the processes that the work starts and waits for cost together."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_a_question_is_answered_without_much_work(demo: Demo) -> None:
    """Beside what loading its libraries alone costs in the same minute: machines differ, minutes too."""
    libraries = [sys.executable, "-c", "import duckdb, deltalake, pyarrow, typer, rich"]

    def ask() -> None:
        assert demo.run("sql", "select count(*) from gold.customers").returncode == 0

    ask()  # The first one fills the machine's file cache.
    bare = min(cpu_seconds(lambda: subprocess.run(libraries, check=True)) for _ in range(3))
    assert min(cpu_seconds(ask) for _ in range(3)) < 8 * bare  # 4 on an idle machine, in 1.7 s.


def test_a_day_that_did_not_land_names_the_contract_and_the_date(demo: Demo) -> None:
    done = demo.run("job", "ingest.load", "--run-date", "2018-02-03")
    assert done.returncode == 1
    assert "order_lines" in done.stderr
    assert "2018-02-03" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
def test_the_same_night_again_changes_no_row(
    demo: Demo, hashes: Callable[[], dict[str, tuple[int, int]]]
) -> None:
    before = hashes()
    done = demo.run("night", "--run-date", LAST_NIGHT, timeout=1200)
    assert done.returncode == 0, done.stderr[-2000:]
    changed = {name for name, seen in hashes().items() if before.get(name) != seen}
    assert changed == set()
