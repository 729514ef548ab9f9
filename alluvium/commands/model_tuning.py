"""`alluvium model tune`: search better parameters on past cut-offs, and propose them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.console import console, err, print_json, table
from alluvium.errors import UsageError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from models.common.candidate import Work
    from models.common.tuning import Search, Trial

EPILOG = "Example: alluvium model tune churn --trials 30 --minutes 10"


def _work(settings: Settings, name: str, run_date: datetime | None) -> tuple[Work, list[Any]]:
    """What there is to learn from, and the cut-offs that may be searched on: not the one reported on."""
    from importlib import import_module

    from alluvium.commands.segment_writing import night_of
    from models.common import candidate, params, training, training_sets

    chosen, task = params.load(name), import_module(f"models.{name}.train").TASK
    horizon_days = chosen.horizons[0]
    asked = training.question(night_of(settings, run_date), chosen, horizon_days)
    folders = {key: settings.lake / table.schema / table.name for key, table in training_sets.TABLES.items()}
    work, cut, _ = candidate.prepared(training_sets.read(asked, folders), task, chosen, horizon_days)
    return work, list(cut.known)


def _spread(figures: tuple[float, ...]) -> str:
    return f"{sum(figures) / len(figures):.4f} ({min(figures):.4f} to {max(figures):.4f})"


def _row(search: Search, who: str, trial: Trial) -> list[Any]:
    excess, error = search.excess(trial)
    return [who, f"{trial.loss:.5f}", f"{excess:+.5f} ± {error:.5f}", _spread(trial.figures), trial.leaves]


def _shown(search: Search, headline: str) -> None:
    named = {"now": search.trials[0], "best": search.best, "simplest within one error": search.chosen}
    rows = [_row(search, who, trial) for who, trial in named.items()]
    rows += [[who, None, None, _spread(figures), None] for who, figures in search.baselines.items()]
    days = f"{len(search.days)} cut-offs, {search.days[0]} to {search.days[-1]}"
    table(
        f"{len(search.trials)} settings on {days}",
        ["", "loss", "above the best", f"{headline}, mean (range)", "leaves"],
        rows,
    )


def _as_json(search: Search) -> dict[str, Any]:
    def told(trial: Trial) -> dict[str, Any]:
        excess, error = search.excess(trial)
        return {
            "parameters": dict(trial.parameters),
            "loss": trial.loss,
            "above_best": excess,
            "standard_error": error,
            "figures": list(trial.figures),
            "leaves": trial.leaves,
        }

    return {
        "cutoffs": [str(day) for day in search.days],
        "trials": [told(trial) for trial in search.trials],
        "now": 0,
        "best": search.trials.index(search.best),
        "chosen": search.trials.index(search.chosen),
        "baselines": {name: list(figures) for name, figures in search.baselines.items()},
    }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: float(f"{v:.3g}") if isinstance(v, float) else v for name, v in values.items()}


def tune(
    name: Annotated[str, typer.Argument(help="churn, ltv or coupon")],
    trials: Annotated[int, typer.Option(min=1, help="Settings to try beside those of params.yml")] = 30,
    minutes: Annotated[float | None, typer.Option(min=0, help="Begin no new one after so long")] = None,
    run_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As of which night; default: the last")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Put the chosen values into params.yml")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Search parameters on past cut-offs, in the order of time; the one that is reported on takes no part.

    Proposed is the simplest setting within one standard error of the best one.
    """
    from models.common import cutoffs, params, tuning

    if name not in cutoffs.TRAINED:
        raise UsageError(f"There is no model {name!r} to tune", do=f"Models: {', '.join(cutoffs.TRAINED)}")
    work, known = _work(get_settings(), name, run_date)

    def told(trial: Trial) -> None:
        err.print(f"  loss {trial.loss:.5f}  {work.task.headline} {_spread(trial.figures)}")

    seconds = minutes * 60 if minutes is not None else None
    search = tuning.search(work, known, work.params, trials, seconds, told)
    if as_json:
        print_json(_as_json(search))
    else:
        _shown(search, work.task.headline)
    values = _rounded({key: search.chosen.parameters[key] for key in work.params.search})
    file = params.file_of(name)
    if write:
        file.write_text(params.with_values(file.read_text(encoding="utf-8"), values), encoding="utf-8")
        err.print(f"Written: {file}. The next training uses it.")
    elif not as_json:
        console.print(f"For the section xgboost of {file.name} (--write puts it there):")
        console.print("\n".join(f"  {key}: {value}" for key, value in values.items()))
