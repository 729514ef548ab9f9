"""`alluvium identity explain`: why records are one customer, and what would have to fall for them to part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alluvium.commands.identity.lake import Json, Tier, ask, check_tier
from alluvium.console import console, print_json, table
from alluvium.errors import AlluviumError, UsageError
from alluvium.settings import Settings, get_settings

if TYPE_CHECKING:
    from spark_jobs.identity.explain import Graph

MEMBERS = """
    select record_key, source, record_kind, customer_id from identity.customer_records
    where is_current and tier = ? and customer_id in (
        select customer_id from identity.customer_records
        where is_current and tier = ? and (record_key = ? or customer_id = ?)
        union all select customer_id from identity.redirects where old_customer_id = ?)
    order by source, record_key
"""
LINKS = """
    select record_key_1, record_key_2, rule, links.tier, probability, evidence from identity.links as links
    inner join identity.customer_records as members on record_key = record_key_1
    where is_current and members.tier = ? and customer_id = ?
        and case links.tier when 'exact' then 1 when 'strict' then 2 else 3 end <= ?
"""
TIER_RANK = {"exact": 1, "strict": 2, "loose": 3}
BARS = {"for": "#0b6e99", "against": "#b4443c"}


def explain(
    who: Annotated[str, typer.Argument(help="A customer id, or a record key")],
    record: Annotated[str | None, typer.Argument(help="Another record key: the path between both")] = None,
    tier: Tier = "strict",
    output: Annotated[Path | None, typer.Option(help="Also draw it: .svg or .png")] = None,
    as_json: Json = False,
) -> None:
    """Show the evidence that makes records one customer. Prints levels and weights, never values."""
    check_tier(tier)
    if output is not None and output.suffix.lower() not in (".svg", ".png"):
        raise UsageError("The picture is neither .svg nor .png", where=str(output))
    found = _story(get_settings(), who, record, tier)
    if output is not None:
        _draw(found["links"], output)
    if as_json:
        print_json(found)
        return
    _show(found, output)


def _members(settings: Settings, who: str, tier: str) -> list[dict[str, Any]]:
    found = ask(settings, MEMBERS, [tier, tier, who, who, who]).to_dicts()
    if not found:
        raise AlluviumError(
            f"There is no customer and no record {who} in the tier {tier}", do="`alluvium sql` finds ids"
        )
    return found


def _graph(settings: Settings, members: list[dict[str, Any]], tier: str) -> Graph:
    from spark_jobs.identity.explain import Graph

    links = ask(settings, LINKS, [tier, members[0]["customer_id"], TIER_RANK[tier]]).to_dicts()
    return Graph.of([row["record_key"] for row in members], links)


def _story(settings: Settings, who: str, record: str | None, tier: str) -> dict[str, Any]:
    """The records, the links that answer the question, and those that would have to fall."""
    members = _members(settings, who, tier)
    found = {"customer_id": members[0]["customer_id"], "tier": tier, "records": members}
    graph = _graph(settings, members, tier)
    if record is None:
        return found | {"links": _plain(graph.holding()), "would_have_to_fall": []}
    if who not in graph.records:
        raise UsageError(f"{who} is no record of today", do="Two records are asked for by their record keys")
    if record == who:
        raise UsageError("Both records are the same one")
    if record not in graph.records:
        other = _members(settings, record, tier)[0]["customer_id"]
        return found | _apart(settings, who, record, other)
    path, cut = graph.path(who, record), graph.cut(who, record)
    return found | {"links": _plain(path), "would_have_to_fall": _plain(cut)}


def _apart(settings: Settings, one: str, other: str, customer_id: str) -> dict[str, Any]:
    """What is known of two records of two customers: their place in the review queue, if they have one."""
    import json

    query = "select * from identity.review_queue where record_key_1 = ? and record_key_2 = ?"
    rows = ask(settings, query, sorted((one, other))).to_dicts()
    links = [row | {"rule": row["reason"], "steps": json.loads(row["evidence"] or "[]")} for row in rows]
    return {"other_customer_id": customer_id, "links": _plain(links), "would_have_to_fall": []}


def _plain(links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in link.items() if name != "evidence"} for link in links]


def _show(found: dict[str, Any], output: Path | None) -> None:
    from spark_jobs.identity.explain import told

    console.print(f"[bold]{found['customer_id']}[/]  {len(found['records'])} records, tier {found['tier']}")
    if "other_customer_id" in found:
        console.print(f"They are two customers; the other record belongs to {found['other_customer_id']}.")
        if not found["links"]:
            console.print("Nobody's question: the pair is too unlikely to stand in the review queue.")
    else:
        rows = [[row["record_key"], row["source"], row["record_kind"]] for row in found["records"]]
        table(None, ["record", "source", "kind"], rows)
    for link in found["links"]:
        is_queued = "other_customer_id" in found
        why = f"{link['rule']} (p = {link['probability']:.4f})" if is_queued else told(link)
        console.print(f"\n{link['record_key_1']} and {link['record_key_2']}: {why}")
        if link["steps"]:
            table(None, ["field", "agreement", "bits"], [list(step.values()) for step in link["steps"]])
    if fall := found["would_have_to_fall"]:
        console.print(f"\nFor them to part, {len(fall)} would have to fall:")
        rows = [[link["record_key_1"], link["record_key_2"], told(link)] for link in fall]
        table(None, ["record", "record", "link"], rows)
    if output is not None:
        console.print(f"\nDrawn in {output}")


def _draw(links: list[dict[str, Any]], output: Path) -> None:
    """A waterfall for each link: bits for and against, from chance to the whole."""
    import altair as alt
    import vl_convert

    from spark_jobs.identity.explain import told

    drawn = []
    for link in links:
        total, bars = 0.0, []
        for number, step in enumerate(link["steps"] or [{"field": link["rule"], "level": "", "bits": 0}]):
            label = f"{number + 1}. {step['field']}: {step['level']}"
            side = "for" if step["bits"] >= 0 else "against"
            bars.append({"step": label, "from": total, "to": total + step["bits"], "side": side})
            total += step["bits"]
        title = f"{link['record_key_1'][:8]} and {link['record_key_2'][:8]}"
        if "tier" in link:
            title += f": {told(link)}"
        colour = alt.Color("side:N", legend=None, scale=alt.Scale(domain=[*BARS], range=[*BARS.values()]))
        drawn.append(
            alt.Chart(alt.Data(values=bars), title=title, width=420).mark_bar()
            .encode(
                y=alt.Y("step:N", sort=None, title=None, axis=alt.Axis(labelLimit=400)),
                x=alt.X("from:Q", title="bits, summed up"), x2="to:Q", color=colour,
            )
        )  # fmt: skip
    spec = alt.vconcat(*drawn).to_dict()
    if output.suffix.lower() == ".svg":
        output.write_text(vl_convert.vegalite_to_svg(spec), encoding="utf-8")
    else:
        output.write_bytes(vl_convert.vegalite_to_png(spec, scale=2))
