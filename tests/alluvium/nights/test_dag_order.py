import pytest

from alluvium.errors import AlluviumError, UsageError
from alluvium.nights.dag_order import Links, in_order, nightly

DAGS = {
    "score": Links(starts_on=frozenset({"gold"}), reads=frozenset({"models"}), writes=frozenset({"scores"})),
    "build": Links(starts_on=frozenset({"bronze"}), writes=frozenset({"gold"})),
    "ingest": Links(writes=frozenset({"bronze"})),
    "train": Links(reads=frozenset({"gold"}), writes=frozenset({"models"})),
    "maintain": Links(),
}


def test_the_nightly_chain_is_what_assets_start_and_what_starts_them():
    assert nightly(DAGS) == {"ingest", "build", "score"}


def test_a_dag_comes_behind_those_that_write_what_it_starts_on_or_reads():
    assert in_order(DAGS, {"score", "build", "ingest", "train"}) == ["ingest", "build", "train", "score"]


def test_an_unknown_dag_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match=r"no DAG 'scores'.*build, ingest, maintain"):
        in_order(DAGS, {"scores"})


def test_assets_that_go_round_in_a_circle_are_an_error():
    circle = {
        "one": Links(starts_on=frozenset({"b"}), writes=frozenset({"a"})),
        "two": Links(starts_on=frozenset({"a"}), writes=frozenset({"b"})),
    }
    with pytest.raises(AlluviumError, match="circle"):
        in_order(circle, circle)
