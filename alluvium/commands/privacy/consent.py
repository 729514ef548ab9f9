"""`alluvium privacy consent`: what a person agreed to, and which record decided."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from alluvium.errors import AlluviumError, UsageError

if TYPE_CHECKING:
    from alluvium.settings import Settings
    from spark_jobs.privacy.consent.decision import Choice, Decision
    from spark_jobs.privacy.lake import Lake


def consent(
    subject: Annotated[str, typer.Option(help="Any identifier of the person: address, number, id.")],
    purpose: Annotated[str | None, typer.Option(help="Only this purpose; without it all.")] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="At the end of that day; without it the last night's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say for each purpose whether it was allowed on a day, and show the record that decided.

    A choice that arrived late is marked: the night of that day did not know it. That you looked is noted in
    ops.audit.
    """
    from alluvium.console import print_json
    from alluvium.privacy import audit, keys
    from alluvium.settings import get_settings
    from spark_jobs.privacy.consent import choices
    from spark_jobs.privacy.lake import Lake
    from spark_jobs.privacy.people import People

    settings = get_settings()
    lake = Lake(settings)
    wanted = _purposes(lake, purpose)
    day = on.date() if on else _last_day(settings)
    person = People(lake, keys.load_secret(keys.key_file(settings))).find("1", subject)
    whom = person.customer_ids[0] if person.customer_ids else person.record_keys[0]
    audit.note(settings, "privacy.consent", whom, f"as of {day}")
    every = choices.of_person(lake, person)
    found = [_answer(name, rule, every, day, settings) for name, rule in wanted.items()]
    if as_json:
        print_json({"on": str(day), "customer_id": whom, "purposes": found})
    else:
        _show(found, day)


def _purposes(lake: Lake, purpose: str | None) -> dict[str, str]:
    from spark_jobs.privacy.consent import choices

    if "seeds.purposes" not in lake.tables:
        raise AlluviumError("No purposes are known yet", do="They come with the first night")
    known = choices.purposes(lake)
    if purpose is None:
        return known
    if purpose not in known:
        raise UsageError(f"There is no purpose {purpose!r}", do=f"Known are {', '.join(known)}")
    return {purpose: known[purpose]}


def _last_day(settings: Settings) -> date:
    from alluvium.job import finished_nights

    nights = finished_nights(settings)
    if not nights:
        raise AlluviumError("No night has finished yet", do="Give a day with --on")
    day: date = nights[-1]["run_date"]
    return day


def _answer(purpose: str, rule: str, every: list[Choice], day: date, settings: Settings) -> dict[str, Any]:
    """The decision by all that is known today, and whether the night of that day knew less."""
    from spark_jobs.privacy.consent.decision import decide

    zone = ZoneInfo(settings.business_time_zone)
    end = datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)
    now = decide(purpose, rule, every, end)
    then = decide(purpose, rule, [c for c in every if c.arrived_on is None or c.arrived_on <= day], end)
    return {
        "purpose": purpose,
        "rule": rule,
        "is_allowed": now.is_allowed,
        "status": now.status,
        "decided_by": _told(now.decided_by),
        "also_standing": [_told(choice) for choice in now.standing[1:]],
        "that_night": {"is_allowed": then.is_allowed, "status": then.status} | _why_late(now, then),
    }


def _why_late(now: Decision, then: Decision) -> dict[str, Any]:
    late = now.decided_by if now.decided_by != then.decided_by else None
    return {"arrived_later": str(late.arrived_on)} if late else {}


def _told(choice: Choice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    said = {"record_key": choice.record_key, "status": choice.status, "chosen_at": choice.chosen_at}
    return said | {"source": choice.source, **choice.evidence}


def _show(found: list[dict[str, Any]], day: date) -> None:
    from alluvium.console import console, table

    rows = []
    for each in found:
        by = each["decided_by"]
        where = f"{by['what']} {by['id']}, {by['file']}" if by else f"no record: {each['rule']} decides"
        since = f"{by['chosen_at']:%Y-%m-%d %H:%M}" if by else ""
        rows.append([each["purpose"], "yes" if each["is_allowed"] else "no", each["status"], since, where])
    table(f"At the end of {day}", ["purpose", "allowed", "status", "since", "decided by"], rows)
    for each in found:
        if late := each["that_night"].get("arrived_later"):
            console.print(
                f"{each['purpose']}: the deciding record arrived on {late}; the night of {day} went by "
                f"{each['that_night']['status']}"
            )
