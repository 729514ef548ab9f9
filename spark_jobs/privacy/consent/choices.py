"""Every choice of one customer with where it stands, from silver: what `int_consent_choices` is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from spark_jobs.privacy.consent.decision import Choice
from spark_jobs.privacy.lake import Lake
from spark_jobs.privacy.people import Person

# Bots are known by the same words as in stg_web__events.
CHOICES = {
    "silver.consent_preferences": """
        SELECT record_key, purpose, status, changed_at AS chosen_at, 'consent' AS source,
            'preference' AS what, preference_id AS id, policy_version, _source_file, _run_date
        FROM silver.consent_preferences SEMI JOIN own USING (record_key)
    """,
    "silver.web_events": """
        SELECT coalesce(record_key, user_id_key) AS record_key, entry.key AS purpose,
            CASE WHEN entry.value THEN 'granted' ELSE 'denied' END AS status, occurred_at AS chosen_at,
            'web' AS source, what, message_id AS id, NULL AS policy_version,
            _source_file, _run_date
        FROM (
            SELECT events.*, said.what, unnest(map_entries(said.choices)) AS entry
            FROM silver.web_events AS events, LATERAL (
                SELECT 'event' AS what, consent AS choices
                WHERE event = 'Consent Preference Updated' AND type = 'track'
                UNION ALL SELECT 'TC string', {tc_consent}
                WHERE event = 'Consent Preference Updated' AND type = 'track' OR type = 'identify'
                UNION ALL SELECT 'Sec-GPC', MAP {'marketing_ads': false, 'ad_user_data': false,
                    'ad_personalization': false, 'third_party_sharing': false}
                WHERE {sec_gpc} IN ('1', 'true')
            ) AS said
            WHERE choices IS NOT NULL
                AND NOT coalesce(regexp_matches(lower(user_agent), 'bot|crawl|spider|slurp|headless'), false)
                AND (
                    user_id_key IN (SELECT user_id_key FROM accounts)
                    OR record_key IN (SELECT record_key FROM own)
                    AND coalesce(user_id_key NOT IN (SELECT user_id_key FROM accounts_of_others), true)
                )
        )
    """,
    "silver.email_events": """
        SELECT record_key, 'marketing_email' AS purpose, 'revoked' AS status, occurred_at AS chosen_at,
            'email' AS source, 'event' AS what, event_id AS id, NULL AS policy_version,
            _source_file, _run_date
        FROM silver.email_events SEMI JOIN own USING (record_key)
        WHERE event IN ('Unsubscribed', 'Email Marked as Spam')
    """,
}
# What a call carries beside its own choices.
SIGNALS = {"tc_consent": "MAP(VARCHAR, BOOLEAN)", "sec_gpc": "VARCHAR"}
ACCOUNTS = "SELECT record_key, user_id_key FROM silver.shop_accounts WHERE user_id_key IS NOT NULL"
PURPOSES = "SELECT purpose, rule FROM seeds.purposes ORDER BY rule, purpose"


def purposes(lake: Lake) -> dict[str, str]:
    """The rule of every purpose: opt_in or opt_out."""
    return dict(lake.rows(PURPOSES))


def of_person(lake: Lake, person: Person) -> list[Choice]:
    """All choices about known purposes, oldest first."""
    _give(lake, person)
    known = purposes(lake)
    rows = [
        row
        for table, query in CHOICES.items()
        if table in lake.tables
        for row in lake.dicts(_of_today(query, lake.columns(table)))
        if row["purpose"] in known
    ]
    choices = [_choice(row) for row in rows]
    return sorted(_taken_back_everywhere(choices), key=lambda choice: choice.order)


def _of_today(query: str, columns: Sequence[str]) -> str:
    """The query for a table that may be of before the columns of signals came."""
    for name, kind in SIGNALS.items():
        query = query.replace("{" + name + "}", name if name in columns else f"CAST(NULL AS {kind})")
    return query


def _give(lake: Lake, person: Person) -> None:
    own = set(person.record_keys)
    lake.give("own", ["record_key"], [[key] for key in sorted(own)])
    accounts = lake.rows(ACCOUNTS) if "silver.shop_accounts" in lake.tables else []
    lake.give("accounts", ["user_id_key"], [[key] for record, key in accounts if record in own])
    lake.give("accounts_of_others", ["user_id_key"], [[key] for record, key in accounts if record not in own])


def _choice(row: dict[str, Any]) -> Choice:
    evidence = {name: str(row[name]) for name in ("what", "id", "policy_version") if row[name]}
    evidence |= {"file": row["_source_file"] or "", "run_date": str(row["_run_date"])}
    return Choice(
        row["record_key"],
        row["purpose"],
        row["status"],
        row["chosen_at"],
        row["source"],
        row["_run_date"],
        evidence,
    )


def _taken_back_everywhere(choices: list[Choice]) -> list[Choice]:
    """Whoever unsubscribes takes back what any record granted, until it is granted there again."""
    about_mail = {c.record_key for c in choices if c.purpose == "marketing_email" and c.source == "consent"}
    kept = [choice for choice in choices if choice.source != "email"]
    for gone in (choice for choice in choices if choice.source == "email"):
        kept += [replace(gone, record_key=key) for key in sorted(about_mail) or [gone.record_key]]
    return kept
