"""Many people are judged by two processes beside this one, which reads them and writes their files.

To normalise and hash is Python, a core's work; the first batches are judged here, so that an audience of
ordinary size starts no process. The order is that of the batches, and few of them are in memory at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import get_context

import pyarrow as pa

from alluvium.errors import AlluviumError
from spark_jobs.publish import judging
from spark_jobs.publish.judging import Criteria, Judged

FEW_BATCHES = 20  # 200,000 people
HELPERS = 2
MOST_AHEAD = 2 * HELPERS

_criteria: Criteria


def judged(batches: Iterator[pa.RecordBatch], criteria: Criteria) -> Iterator[Judged]:
    """As `judging.judged`."""
    yield from judging.judged(islice(batches, FEW_BATCHES), criteria)
    following = next(batches, None)
    if following is not None:
        yield from _by_helpers(chain([following], batches), criteria)


def _by_helpers(batches: Iterator[pa.RecordBatch], criteria: Criteria) -> Iterator[Judged]:
    try:
        yield from _in_turn(batches, criteria)
    except BrokenProcessPool:
        raise AlluviumError(
            "A process that judges people was ended from outside; what was published stays",
            do="See whether memory ran out, then run the same night again",
        ) from None


def _in_turn(batches: Iterator[pa.RecordBatch], criteria: Criteria) -> Iterator[Judged]:
    waiting: deque[Future[list[Judged]]] = deque()
    # Spawned, not forked: this process has threads of DuckDB. What they need goes through a pipe.
    with ProcessPoolExecutor(HELPERS, get_context("spawn"), _remember, (criteria,)) as helpers:
        for batch in batches:
            waiting.append(helpers.submit(_judge, batch))
            if len(waiting) > MOST_AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _remember(criteria: Criteria) -> None:
    global _criteria
    _criteria = criteria


def _judge(batch: pa.RecordBatch) -> list[Judged]:
    return list(judging.judged(iter([batch]), _criteria))
