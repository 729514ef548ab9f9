"""What an erasure does to a table, told from the names of its columns and from the catalogue.

A table that a new contract or model adds is covered by itself: any column that holds a record key, a customer
id or an identifier's key makes its rows a person's. Such a row goes, unless its table says which rows stay
without their keys (`Table.kept_when_erased`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alluvium import catalog
from alluvium.contracts import contract as contracts
from alluvium.settings import Settings
from alluvium.tables.ingest import tables_of

CUSTOMER_COLUMNS = frozenset({"customer_id", "old_customer_id", "previous_customer_id"})
# Names somebody else's row, which stays: only the mention goes.
MENTIONS = frozenset({"other_customer_id"})
KEY_ENDINGS = ("_key", "_key_1", "_key_2")
# End like a key and are none of a person.
NOT_OF_A_PERSON = frozenset({"delivery_key"})
# Leads to a person only together with rows that go.
LINKS = frozenset({"session_id"})
# Tables whose subject is the erasure itself: tokens and witnesses stay, see docs/privacy.md.
KEPT_TABLES = frozenset({"ops.erasures", "ops.suppressions", "ops.audit"})
# Steps of the warehouse that are no tables of the catalogue.
KEPT_ROWS_BESIDES = {"intermediate.int_web_orders": "true"}


@dataclass(frozen=True)
class Rule:
    """For one table: the columns that say whose a row is, those that are emptied, and which rows stay."""

    table: str
    person_columns: tuple[str, ...]
    mention_columns: tuple[str, ...]
    emptied: tuple[str, ...]
    kept_when: str | None


def is_of_a_person(column: str) -> bool:
    """Whether a column says whose row it is."""
    if column in CUSTOMER_COLUMNS:
        return True
    return column.endswith(KEY_ENDINGS) and column not in NOT_OF_A_PERSON


def rule_of(table: str, columns: Sequence[str], kept_when: str | None) -> Rule | None:
    """The rule of a table; None for one without persons."""
    of_person = tuple(name for name in columns if is_of_a_person(name))
    mentions = tuple(name for name in columns if name in MENTIONS)
    if table in KEPT_TABLES or not (of_person or mentions):
        return None
    linked = tuple(name for name in columns if name in LINKS)
    return Rule(table, of_person, mentions, (*of_person, *linked), kept_when)


def kept_conditions(settings: Settings) -> dict[str, str]:
    """Which rows stay without their keys, by table."""
    of_contracts = (table for each in contracts.load_all(settings.sources) for table in tables_of(each))
    tables = [*catalog.TABLES.values(), *of_contracts]
    declared = {table.full_name: table.kept_when_erased for table in tables if table.kept_when_erased}
    return declared | KEPT_ROWS_BESIDES


def rules(tables: Iterable[tuple[str, Sequence[str]]], settings: Settings) -> list[Rule]:
    """The rules of all tables that hold persons, given names and columns."""
    kept = kept_conditions(settings)
    found = (rule_of(name, columns, kept.get(name)) for name, columns in tables)
    return [rule for rule in found if rule is not None]
