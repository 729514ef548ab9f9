"""What is looked for in the files of each contract, made once for all of them.

The words of a thousand people are a million patterns. Most are the same for every contract; only the ids of
records, which others may have too, and short numbers, which count in columns of their name alone, are not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from alluvium.contracts.contract import Contract
from spark_jobs.privacy.people import Person
from spark_jobs.privacy.scan.forms import Identifier
from spark_jobs.privacy.scan.needles import Hit, Needles


@dataclass(frozen=True)
class Words:
    """`of_all` serves every contract; `of_source` holds ids of records and short values of this one."""

    of_all: Needles
    of_source: Needles

    def find(self, data: bytes) -> Iterator[Hit]:
        """Every hit in a text."""
        yield from self.of_all.find(data)
        yield from self.of_source.find(data)

    def are_in(self, data: bytes) -> bool:
        """Whether anything is found."""
        return next(self.find(data), None) is not None

    def short_in(self, column: str) -> frozenset[bytes]:
        """The short values that a column of this name may hold."""
        return frozenset(value for _, value in self.of_source.short_in(column))


def words_of(people: Sequence[Person], contracts: Sequence[Contract]) -> dict[str, Words]:
    """By name of the contract: the people's own identifiers, and the ids of their records in its source."""
    own = {pair for person in people for pair in person.identifiers}
    of_all = Needles(each for each in _sorted(own) if not each.is_short)
    known = {(each.kind, each.value) for each in of_all.identifiers}
    return {each.name: Words(of_all, _of_source(people, each, own, known)) for each in contracts}


def _of_source(
    people: Sequence[Person],
    contract: Contract,
    own: Collection[tuple[str, str]],
    known: Collection[tuple[str, str]],
) -> Needles:
    wanted = set(own)
    if contract.record:
        kind = contract.identifiers[contract.record]
        wanted |= {
            (kind, i) for person in people for source, i in person.sources if source == contract.source
        }
    return Needles(_sorted(wanted - set(known), fields_of(contract)))


def fields_of(contract: Contract) -> dict[str, tuple[str, ...]]:
    """By kind of identifier: the names under which the contract's files hold it."""
    found: dict[str, set[str]] = {}
    for name, kind in contract.identifiers.items():
        path = contract.columns[name].path or name
        found.setdefault(kind, set()).update((name, path.rsplit(".", 1)[-1]))
    return {kind: tuple(sorted(names)) for kind, names in found.items()}


def _sorted(
    pairs: Collection[tuple[str, str]], fields: dict[str, tuple[str, ...]] | None = None
) -> list[Identifier]:
    return [Identifier(kind, value, fields=(fields or {}).get(kind, ())) for kind, value in sorted(pairs)]
