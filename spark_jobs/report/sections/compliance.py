"""What a privacy officer asks for: who agreed, who asked, what was proved, what is kept, who looked."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from alluvium.privacy import data_flow, holds, retention
from spark_jobs.report import charts
from spark_jobs.report.lake import Lake, NotThereError
from spark_jobs.report.page import Grid, Picture, Section, Tile

CONSENTS = """
with nights as (select cast(? as date) as night),
months as (
    select night, unnest(generate_series(date_trunc('month', night) - interval 10 month,
        date_trunc('month', night) + interval 1 month, interval 1 month)) - interval 1 day as month_end
    from nights
),
ends as (select least(cast(month_end as date), night) as day from months)
select day::varchar as month, purpose, count(distinct customer_id) as customers
from ends inner join gold.consents
    on cast(valid_from as date) <= day and (valid_to is null or cast(valid_to as date) > day)
where status = 'granted'
group by all order by month, purpose
"""
ACTIVITIES = """
with allowing as (
    select purposes.purpose, count(distinct customers.customer_id) filter (
        case purposes.rule when 'opt_in' then coalesce(consents.status = 'granted', false)
        else coalesce(consents.status = 'granted', true) end) as customers
    from seeds.purposes cross join gold.customers
    left join gold.consents on consents.customer_id = customers.customer_id
        and consents.purpose = purposes.purpose and consents.is_current
    group by purposes.purpose
)
select purpose, description, legal_basis, rule,
    (select string_agg(name, ', ' order by kind, name) from seeds.purpose_uses
        where purpose_uses.purpose = purposes.purpose and kind <> 'platform') as used_by,
    (select string_agg(name, ', ' order by name) from seeds.purpose_uses
        where purpose_uses.purpose = purposes.purpose and kind = 'platform') as recipients,
    customers
from seeds.purposes inner join allowing using (purpose) order by rule, purpose
"""
# An erasure has one act when it is asked for and one, the certificate, when it is proved.
REQUESTS = """
select asked.subject as request, cast(asked.acted_at as date) as asked_on, asked.reason as about,
    cast(done.acted_at as date) as done_on
from ops.audit as asked
left join (select subject, min(acted_at) as acted_at from ops.audit
    where action = 'privacy.certificate' group by subject) as done on asked.subject = done.subject
where asked.action = 'privacy.erase' order by done_on is not null, asked_on desc limit 40
"""
GIVEN_OUT = "select count(*) as n from ops.audit where action = 'privacy.export'"
VERIFIED = """
select cast(acted_at as date)::varchar as day, subject from ops.audit where action = 'privacy.verify'
order by acted_at desc limit 1
"""
READERS = """
select actor, action, count(*) as times, max(acted_at)::varchar as last_at from ops.audit
where action in ('sql.with_pii', 'customer.show', 'quarantine.show_with_pii', 'identity.review',
    'privacy.export', 'privacy.consent')
group by all order by times desc limit 40
"""
CCPA_DAYS = 45


def due_within_a_month(asked_on: date) -> date:
    """GDPR article 12 (3): the same day of the next month, or its last day (Regulation 1182/71)."""
    first = (asked_on.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return first.replace(day=min(asked_on.day, last.day))


def request_rows(rows: list[dict[str, Any]]) -> list[list[Any]]:
    """Request, asked, due by GDPR and by CCPA, done, and whether it is in time so far."""
    found = []
    for row in rows:
        month, days = due_within_a_month(row["asked_on"]), row["asked_on"] + timedelta(days=CCPA_DAYS)
        state = "open" if row["done_on"] is None else "late" if row["done_on"] > month else "done"
        found.append([row["request"], row["about"], row["asked_on"], month, days, row["done_on"], state])
    return found


def _rows(lake: Lake, query: str, *parameters: Any) -> list[dict[str, Any]]:
    try:
        return lake.rows(query, *parameters)
    except NotThereError:
        return []


def _tiles(lake: Lake, requests: list[list[Any]]) -> list[Tile]:
    verified = _rows(lake, VERIFIED)
    given = _rows(lake, GIVEN_OUT)
    return [
        Tile("open erasures", str(sum(row[-1] == "open" for row in requests)), "one month each"),
        Tile("given out", str(given[0]["n"] if given else 0), "answers to who asked what is held"),
        Tile(
            "last search",
            verified[0]["day"] if verified else "never",
            verified[0]["subject"] if verified else "",
        ),
        Tile("legal holds", str(len(holds.standing(lake.settings)))),
    ]


def _platforms(flow: data_flow.Flow) -> str:
    return ", ".join(export.partition(" ")[0] for export in flow.exports)


def section(lake: Lake) -> Section:
    """Consents over time, requests and deadlines, activities, retention, readers, and where values go."""
    end = lake.run_date
    activities = [list(row.values()) for row in lake.rows(ACTIVITIES)]
    requests = request_rows(_rows(lake, REQUESTS))
    kept = [list(state.values()) for state in retention.states(lake.settings, end)]
    read = [list(row.values()) for row in _rows(lake, READERS)]
    flows = data_flow.flows(lake.settings)
    blocks: list[Picture | Grid] = [
        Picture(
            "Customers who agreed, at the end of each month",
            charts.lines(
                lake.rows(CONSENTS, end), "month", "customers", "purpose",
                x_title="", y_title="customers",
            ),
        ),
        Grid("Requests to erase",
            ["request", "about", "asked", "due, GDPR", "due, CCPA", "proved", "state"], requests,
            "Counted from the day the request was entered here."),
        Grid("Record of processing activities",
            ["purpose", "what", "basis", "rule", "used by", "recipients", "customers who allow it"],
            activities,
            "GDPR article 30, from the seeds that the code obeys. The basis is for the company to say."),
        Grid("How long things are kept", ["what", "class", "days", "oldest", "days over"], kept),
        Grid("Who read personal data", ["who", "how", "times", "last"], read, "By commands; of the last 40."),
        Grid("Where each personal value goes",
            ["comes in as", "kind", "raw in", "keyed in", "becomes", "leaves to"],
            [[f.column, f.kind, f.raw_in, f.keyed_in, f.golden, _platforms(f)] for f in flows],
            "From contracts, the warehouse's yml and platforms.yml. Purposes: the activities above."),
    ]  # fmt: skip
    lead = "Who agreed to what, what was asked and proved, how long things are kept, and who looked."
    return Section("Privacy", lead, blocks, tiles=_tiles(lake, requests))
