"""Loads that are killed, doubled, shuffled and mixed: nothing is lost, nothing comes in twice."""

from __future__ import annotations

import logging
import os
import signal
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spark_jobs.ingest import batch_ledger
from spark_jobs.ingest.few import counting, quarantine, silver
from tests.spark_jobs.ingest.fault_source import (
    HEADER,
    PARCELS,
    POINTS,
    POINTS_OF_MANY,
    child,
    delivery,
    held,
    ledger,
    newest_of_each,
)

pytestmark = pytest.mark.full
log = logging.getLogger(__name__)
SEED = int(os.environ.get("ALLUVIUM_FAULT_SEED", Random().randrange(10**6)))
SEQUENCES = int(os.environ.get("ALLUVIUM_FAULT_SEQUENCES", "500"))
KILLED = -signal.SIGKILL


@pytest.fixture
def rng():
    """Drawn anew for each run; a failure shows the seed, and ALLUVIUM_FAULT_SEED repeats it."""
    log.warning("ALLUVIUM_FAULT_SEED=%s", SEED)
    return Random(SEED)


@pytest.fixture
def pair(make_source, rng, request):
    """Two sources with the same two days, one of which will be killed."""
    name = f"f{abs(hash(request.node.name)) % 10**8}"
    victim, control = make_source(f"{name}a", PARCELS), make_source(f"{name}b", PARCELS)
    for day in (1, 2):
        text = delivery(rng) + f"1,c1,{day}.25,2017-10-{day:02d}\n"
        for source in (victim, control):
            source.land(day, text)
            source.load(day)
    assert held(victim) == held(control)
    return victim, control


def kill_and_load_again(pair, rng, **how) -> int:
    """A corrected second day: killed while it loads, loaded again, and the same as one that was not."""
    victim, control = pair
    # With a row that is another each time and always wins, so that every step of a load has work.
    text = delivery(rng) + f"1,c1,{rng.randrange(1, 10**5)}.25,2017-10-31\n"
    for source in pair:
        source.land(2, text)
    done = child(victim, 2, **how)
    said, _ = done.communicate(timeout=300)
    assert done.returncode in {0, KILLED}, said.decode()[-2000:]
    victim.load(2)
    control.load(2)
    assert held(victim) == held(control), how
    assert ledger(victim, 2) == ledger(control, 2)
    log.warning("Mended after %s: %s", done.returncode, how)
    return done.returncode


def load_twice_at_once(pair, rng) -> None:
    victim, control = pair
    text = delivery(rng)
    for source in pair:
        source.land(4, text)
    copies = [child(victim, 4) for _ in range(2)]
    for copy in copies:
        said, _ = copy.communicate(timeout=300)
        assert copy.returncode == 0, said.decode()[-2000:]
    control.load(4)
    assert held(victim) == held(control)
    assert ledger(victim, 4) == ledger(control, 4)


def test_a_load_that_is_killed_and_two_copies_of_one_leave_what_one_leaves(pair, rng):
    point = rng.choice(POINTS)
    assert kill_and_load_again(pair, rng, point=point) == KILLED, point
    load_twice_at_once(pair, rng)


def test_a_load_that_is_killed_at_any_of_the_named_points_is_mended_by_a_rerun(pair, rng):
    assert {point: kill_and_load_again(pair, rng, point=point) for point in POINTS} == dict.fromkeys(
        POINTS, KILLED
    )


def test_a_load_of_many_rows_that_is_killed_at_the_named_points_is_mended_by_a_rerun(pair, rng):
    ends = {point: kill_and_load_again(pair, rng, point=point, many=True) for point in POINTS_OF_MANY}
    assert ends == dict.fromkeys(POINTS_OF_MANY, KILLED)


def test_a_load_that_is_killed_at_random_moments_is_mended_by_a_rerun(pair, rng):
    victim, control = pair
    text = delivery(rng)
    for source in pair:
        source.land(2, text)
    said, _ = child(victim, 2).communicate(timeout=300)
    control.load(2)
    whole = float(said.split()[-1])
    ends = [kill_and_load_again(pair, rng, seconds=rng.uniform(0, whole)) for _ in range(20)]
    assert ends.count(KILLED) >= 10


def test_ten_days_in_five_orders_with_overlaps_and_redeliveries_end_in_the_same_rows(make_source, rng):
    days = {day: delivery(rng) for day in range(1, 11)}
    wrong = {day: delivery(rng) for day in rng.sample(sorted(days), 3)}
    found = []
    for number in range(5):
        source = make_source(f"order{number}", PARCELS)
        order = [(day, text) for texts in (wrong, days) for day, text in texts.items()]
        rng.shuffle(order)
        # A corrected file comes after the one that it corrects; a file that comes again changes nothing.
        last = [(day, text) for day, text in days.items() if day in wrong]
        for day, text in [*order, *last]:
            source.land(day, text)
            source.load(day)
        for day, text in rng.sample(sorted(days.items()), 3):
            source.land(day, text, file="rows_again.csv")
            source.load(day)
        found.append(held(source))
    assert all(each == found[0] for each in found[1:])


STOPS = ((quarantine, "replace"), (silver, "update"), (batch_ledger, "write"), (counting, "count"))
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["load", "reload", "correct", "replay", "stop"]),
        st.integers(1, 4),
        st.integers(0, 10**6),
    ),
    min_size=2,
    max_size=5,
)


class Stopped(BaseException):
    """As if the process ended here."""


def act(source, what: str, day: int, seed: int) -> None:
    """One thing that people and machines do."""
    rng = Random(seed)
    if what in {"correct", "stop"} or not source.batch(day):
        source.land(day, delivery(rng), file=f"{rng.randrange(2)}.csv")
    if what == "replay":
        loosened = PARCELS.replace("weight > 0", f"weight > {rng.randrange(-2, 1)}")
        source.promise(loosened)
        source.replay(day)
    elif what == "stop":
        room, name = STOPS[seed % len(STOPS)]
        with pytest.MonkeyPatch.context() as trap:
            trap.setattr(room, name, stopping)
            with pytest.raises(Stopped):
                source.load(day, force="true")
    source.load(day, **({"force": "true"} if what == "reload" else {}))


def stopping(*_: object, **__: object) -> None:
    raise Stopped


def check_any_sequence(source, count: int) -> None:
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=False,
    )
    @given(ACTS)
    def any_sequence_keeps_what_must_hold(acts):
        for what, day, seed in acts:
            act(source, what, day, seed)
        for day in {day for _, day, _ in acts}:
            ledger(source, day)
        silver_rows = source.rows(source.silver, "parcel", "seen_on", "_run_date", "_row_hash")
        assert sorted(silver_rows) == list(newest_of_each(source))
        hashes = source.rows(source.bronze, "_run_date", "_row_hash")
        assert len(set(hashes)) == len(hashes)
        assert hashes == source.rows(source.twin, "_run_date", "_row_hash")

    any_sequence_keeps_what_must_hold()


def test_any_sequence_of_what_people_and_machines_do_keeps_what_must_hold(make_source):
    source = make_source("sequence", PARCELS)
    source.land(1, HEADER + "1,c1,1.00,2017-10-01\n")
    source.load(1)
    check_any_sequence(source, 1)


def test_five_hundred_sequences_keep_what_must_hold(make_source):
    source = make_source("sequences", PARCELS)
    check_any_sequence(source, SEQUENCES)
