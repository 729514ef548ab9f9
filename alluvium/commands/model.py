"""`alluvium model`: which model scores, how good it is, and which one should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands import model_tuning
from alluvium.console import console, print_json, step, table
from alluvium.errors import UsageError
from alluvium.settings import CHECKOUT, get_settings

if TYPE_CHECKING:
    from models.common.registry import Version

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="List, show, promote and roll back models."
)
app.command("tune", epilog=model_tuning.EPILOG)(model_tuning.tune)

Json = Annotated[bool, typer.Option("--json", help="For programs")]
Name = Annotated[
    str,
    typer.Argument(help="churn, ltv, coupon, or a registered name such as churn_30d or recommender_discover"),
]
RECOMMENDER = "recommender_"
CARDS = CHECKOUT / "docs" / "models"


def _row(version: Version) -> dict[str, Any]:
    return {
        "model": version.name,
        "version": int(version.number),
        "alias": ", ".join(version.aliases),
        "run_date": version.tags.get("run_date"),
        "evaluated_on": version.tags.get("evaluated_on"),
        "reason": version.tags.get("reason"),
    }


@app.command("list", epilog="Example: alluvium model list --json")
def list_models(as_json: Json = False) -> None:
    """Show every version, newest first, and which one is the champion."""
    from models.common import registry

    rows = [_row(version) for version in registry.versions(get_settings())]
    if as_json:
        print_json(rows)
    elif rows:
        table(None, list(rows[0]), [list(row.values()) for row in rows])
    else:
        console.print("No model was trained yet: `alluvium night --train` does it.")


def _figure_rows(found: dict[str, Any]) -> list[list[Any]]:
    names = list(found["figures"])
    measured = {"model": found["figures"], **found["baselines"]}
    return [[who, *(f"{figures[name]:.4g}" for name in names)] for who, figures in measured.items()]


def _show_race(placement: str, as_json: bool) -> None:
    """The race that chose the champion: every model on validation, champion and baseline on test."""
    from models.recommender import tracking

    settings = get_settings()
    champion = tracking.champion(placement, settings)
    race = tracking.race_results(settings)
    found = race["placements"][placement]
    if as_json:
        print_json({"run_date": race["run_date"], "k": race["k"], "windows": race["windows"], **found})
        return
    console.print(
        f"{RECOMMENDER}{placement} version {champion.version}: {champion.model} won the race of "
        f"{race['run_date']}, decided by {race['decided_by']} on the 30 days from "
        f"{race['windows']['validation']['first_day']}"
    )
    for window in ("validation", "test"):
        # A screen holds the ten best; the five and the twenty best are in --json.
        names = [n for n in next(iter(found[window].values())) if not n.endswith(("_at_5", "_at_20"))]
        rows = [[model, *(_short(each[name]) for name in names)] for model, each in found[window].items()]
        table(f"{window}, from {race['windows'][window]['first_day']}", ["", *names], rows)


def _short(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4g}"


@app.command(epilog="Example: alluvium model show churn")
def show(name: Name, as_json: Json = False) -> None:
    """Show the champion's figures beside the baselines, and what it looks at."""
    from models.common import registry

    settings = get_settings()
    if name.startswith(RECOMMENDER):
        _show_race(name.removeprefix(RECOMMENDER), as_json)
        return
    registry.champion(settings, registry.main_name(name))
    found = registry.evaluation(name, settings)
    if as_json:
        print_json(found)
        return
    console.print(
        f"{registry.main_name(name)} version {found['version']}, trained on {found['run_date']}, measured on "
        f"{found['count_customers']:,} customers as of {found['evaluated_on']} ({found['reason']})"
    )
    table(None, ["", *found["figures"]], _figure_rows(found))
    gain = found["gain"]
    console.print(
        f"Gain over {gain['over']}: {gain['gain']:+.4g} in {gain['figure']} "
        f"(95 % interval {gain['low']:+.4g} to {gain['high']:+.4g})"
    )
    table(
        "looks most at", ["feature", "share of gain"], [list(row.values()) for row in found["importance"][:8]]
    )


@app.command(epilog="Example: alluvium model card churn")
def card(
    name: Annotated[str, typer.Argument(help="churn, ltv or coupon")],
    folder: Annotated[Path, typer.Option(help="Where the card goes")] = CARDS,
) -> None:
    """Write the champion's card as Markdown: purpose, data, figures, slices, limits."""
    from importlib import import_module

    from models.common import card as cards
    from models.common import cutoffs, params, registry

    if name not in cutoffs.TRAINED:
        raise UsageError(f"There is no card of {name!r}", do=f"Cards: {', '.join(cutoffs.TRAINED)}")
    settings = get_settings()
    registry.champion(settings, registry.main_name(name))
    task = import_module(f"models.{name}.train").TASK
    page = cards.page(task, params.load(name), registry.evaluation(name, settings))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.md"
    target.write_text(page, encoding="utf-8")
    console.print(f"Written: {target}")


@app.command(epilog="Example: alluvium model promote churn 2")
def promote(
    name: Name, version: Annotated[int, typer.Argument(help="As `alluvium model list` shows it")]
) -> None:
    """Make a version the champion; the next night scores with it."""
    from models.common import registry

    registered = registry.main_name(name)
    with step(f"Promoting {registered} version {version}"):
        registry.promote(get_settings(), registered, str(version), "promoted by hand")
    console.print(f"{registered} version {version} is champion")


@app.command(epilog="Example: alluvium model rollback churn")
def rollback(name: Name) -> None:
    """Make the champion before this one the champion again."""
    from models.common import registry

    registered = registry.main_name(name)
    with step(f"Rolling back {registered}"):
        number = registry.rollback(get_settings(), registered)
    console.print(f"{registered} version {number} is champion again")
