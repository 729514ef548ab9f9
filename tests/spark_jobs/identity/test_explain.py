"""The path between two records, and what holds them together, on graphs that can be drawn by hand."""

from __future__ import annotations

import json
from typing import Any

from spark_jobs.identity.explain import Graph, told

STEPS = json.dumps([{"field": "name", "level": "same", "bits": 9.5}])


def link(one: str, other: str, rule: str = "similar", probability: float = 1.0) -> dict[str, Any]:
    return {
        "record_key_1": one, "record_key_2": other, "rule": rule, "probability": probability,
        "evidence": STEPS if rule == "similar" else None,
    }  # fmt: skip


CHAIN = [link("a", "b", "email"), link("b", "c", probability=0.6), link("a", "d", probability=0.95),
         link("c", "d", probability=0.9), link("c", "x", "email")]  # fmt: skip


def ends(links: list[dict[str, Any]]) -> list[str]:
    return [each["record_key_1"] + each["record_key_2"] for each in links]


def test_the_path_goes_where_its_weakest_step_is_strongest() -> None:
    graph = Graph.of("abcd", CHAIN)
    path = graph.path("b", "c")
    assert ends(path) == ["ab", "ad", "cd"]
    assert path[1]["steps"] == [{"field": "name", "level": "same", "bits": 9.5}]
    assert Graph.of("abcd", CHAIN[:1]).path("a", "c") == []


def test_what_would_have_to_fall_is_the_smallest_cut() -> None:
    graph = Graph.of("abcd", CHAIN)
    assert len(graph.cut("b", "c")) == 2
    bridge = Graph.of("abcd", [*CHAIN[:1], CHAIN[1], link("a", "b", "phone")])
    assert ends(bridge.cut("a", "c")) == ["bc"]
    assert sorted(each["rule"] for each in bridge.cut("a", "b")) == ["email", "phone"]


def test_as_many_links_as_needed_hold_a_customer_and_those_of_others_are_left_out() -> None:
    assert ends(Graph.of("abcd", CHAIN).holding()) == ["ab", "ad", "cd"]


def test_every_rule_is_told_in_words() -> None:
    words = [told(link("a", "b", rule, 0.91)) for rule in ("manual", "similar", "spelled", "email")]
    assert words[1].endswith("(p = 0.9100)")
    assert len(set(words)) == 4
