"""`alluvium privacy erase`: take people out of everything, and prove it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.errors import AlluviumError, UsageError
from alluvium.nights import turn
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from spark_jobs.privacy.erasure.state import Erasure
    from spark_jobs.privacy.people import Person


def erase(
    subject: Annotated[
        list[str] | None, typer.Option(help="Any identifier of a person: address, number, id. Repeatable.")
    ] = None,
    requests: Annotated[
        Path | None, typer.Option(help="CSV with a column identifier; all of it in one pass.")
    ] = None,
    request: Annotated[str | None, typer.Option(help="Go on with an erasure that did not end.")] = None,
    removals_sent: Annotated[
        bool, typer.Option("--removals-sent", help="The platforms have their removal files: delete them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show tables and rows; change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Erase people from landing files, tables, old versions, exports and logs, then search every file and
    sign a certificate.

    It can be killed at any point and goes on with --request. Earlier versions of the tables it touches can no
    longer be read.
    """
    settings = get_settings()
    if dry_run:
        _show_plan(settings, _found(settings, subject, requests), as_json)
        return
    from spark_jobs.privacy.erasure import state

    with turn.alone(settings, "A night is running", "Erase when it has ended; nothing was changed"):
        if request is not None:
            erasure = state.load(settings, request)
        else:
            erasure = state.new(_found(settings, subject, requests))
            _note_request(settings, erasure)
        _run(settings, erasure, removals_sent=removals_sent, as_json=as_json)


def _found(settings: Settings, subject: list[str] | None, requests: Path | None) -> list[Person]:
    """The people, each once. UsageError for none, AlluviumError for all that lead nowhere."""
    from alluvium.commands.privacy.subjects import identifier, read_file
    from alluvium.privacy import keys
    from spark_jobs.privacy.lake import Lake
    from spark_jobs.privacy.people import People

    wanted = [identifier(settings, value, str(n)) for n, value in enumerate(subject or [], 1)]
    wanted += read_file(settings, requests) if requests else []
    if not wanted:
        raise UsageError("Whom?", do="Give --subject, --requests or --request")
    people = People(Lake(settings), keys.load_secret(keys.key_file(settings)))
    found, problems = people.find_all([(each.subject, each.value) for each in wanted])
    if problems:
        raise AlluviumError("Nothing was changed. " + "\n".join(map(str, problems)))
    _refuse_held(settings, found)
    return list({person.record_keys: person for person in reversed(found)}.values())[::-1]


def _refuse_held(settings: Settings, people: list[Person]) -> None:
    """Who is needed for a legal claim is not erased meanwhile (GDPR article 17, 3 e)."""
    from alluvium.privacy import holds

    held = holds.customers(holds.standing(settings))
    refused = [person.subject for person in people if held & {*person.customer_ids, *person.record_keys}]
    if refused:
        raise AlluviumError(
            f"Nothing was changed. A legal hold stands on request {', '.join(refused)}",
            do="`alluvium privacy hold list` says why; take them out, or release the hold",
        )


def _note_request(settings: Settings, erasure: Erasure) -> None:
    from alluvium.privacy import audit
    from spark_jobs.privacy.erasure import state

    state.save(settings, erasure)
    audit.note(settings, "privacy.erase", erasure.request_id, f"{len(erasure.people)} people")


def _run(settings: Settings, erasure: Erasure, *, removals_sent: bool, as_json: bool) -> None:
    from alluvium.console import console, err, print_json
    from spark_jobs.privacy.erasure import steps

    err.print(f"Erasure {erasure.request_id}: {len(erasure.people)} people")
    steps.run(settings, erasure, lambda name: err.print(f"[dim]  {name}[/]"))
    if removals_sent:
        steps.removals_sent(settings, erasure)
    waiting = steps.waiting_removals(settings, erasure)
    if waiting:
        console.print(
            "Erased. Before it can be certified the platforms must take the person back; send\n  "
            + "\n  ".join(map(str, waiting))
            + f"\nthen `alluvium privacy erase --request {erasure.request_id} --removals-sent`"
        )
        return
    err.print("[dim]  proof[/]")
    certificate = steps.certify(settings, erasure)
    if as_json:
        print_json(certificate)
    else:
        _show(certificate)


def _show(certificate: dict[str, Any]) -> None:
    from alluvium.console import console, table

    rows = [[name, done["rows"], done["rows_kept"]] for name, done in sorted(certificate["tables"].items())]
    table(None, ["table", "rows removed", "rows kept without keys"], rows)
    found = {name: certificate[name] for name in ("files_rewritten", "files_scanned", "identifiers_searched")}
    console.print(
        "\n{files_rewritten} files rewritten, {files_scanned:,} searched for {identifiers_searched} "
        "identifiers: 0 findings.".format(**found)
    )
    if models := certificate["models_to_retrain"]:
        names = ", ".join(model["model"] for model in models)
        console.print(f"{names} learned before: retrain by {models[0]['retrain_by']} (the DAG train_models)")
    request = certificate["request_id"]
    console.print(f"The certificate is in ops.audit: `alluvium privacy certificate show {request}`")


def _show_plan(settings: Settings, people: list[Person], as_json: bool) -> None:
    from alluvium.console import console, print_json, table
    from spark_jobs.privacy.erasure import state, tables
    from spark_jobs.privacy.lake import Lake

    keys = state.new(people).keys
    plan = [
        {"table": rule.table, "rows": rows, "stay_without_keys": rule.kept_when or ""}
        for rule, _, rows in tables.plan(Lake(settings), keys)
        if rows
    ]
    records = sum(len(person.record_keys) for person in people)
    said = {"people": len(people), "records": records, "tables": plan}
    if as_json:
        print_json(said)
        return
    table(None, ["table", "rows", "stay without keys"], [list(row.values()) for row in plan])
    console.print(f"\n{len(people)} people, {records} records. Nothing was changed.")
