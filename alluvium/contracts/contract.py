"""Contracts: what a source promises to deliver, one YAML file per source and entity.

`<folder>/<source>/<entity>.yml` is read into a `Contract`. A file that cannot be used is refused with every
mistake in it, each with its line. What the tables of a contract look like is in `alluvium.tables.ingest`.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from alluvium.contracts.contract_rules import NAME, Mistake, contradictions, reference_mistakes
from alluvium.contracts.contract_sql import type_mistake
from alluvium.contracts.contract_yaml import Document, MistakesInFile, read_document
from alluvium.errors import AlluviumError
from alluvium.settings import get_settings

Pii = Literal["email", "phone", "name", "address", "birth_date", "free_text"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from None
    return name


def _spark_type(text: str) -> str:
    if mistake := type_mistake(text):
        raise ValueError(mistake)
    return text


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Files(_Strict):
    """How rows arrive: in files, plain, gzip or zstd, or as the JSON records of a Kafka topic."""

    format: Literal["csv", "json", "avro", "parquet", "kafka"]
    header: bool = True
    delimiter: str = Field(",", min_length=1, max_length=1)
    explode: str | None = None  # Path of an array in a JSON object; each element is a row.
    topic: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,249}$")
    until: Literal["now", "run_date_end"] = "now"  # Which records of the topic a run date takes.


class Column(_Strict):
    """One delivered column. `path` is its name in the file, dotted for nested JSON; else its own name."""

    type: Annotated[str, AfterValidator(_spark_type)]
    required: bool = False
    path: str | None = None
    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    pii: Pii | None = None
    identifier: str | None = Field(None, pattern=NAME)
    allowed: tuple[str, ...] | None = None
    pattern: Annotated[str, AfterValidator(_regular_expression)] | None = None
    min: int | float | date | None = None
    max: int | float | date | None = None
    decode: Literal["tc_string"] | None = None  # A consent string becomes a map of purposes.
    comment: str = ""

    @property
    def is_raw_kept_apart(self) -> bool:
        """Whether the delivered value may only stand in the `pii` schema."""
        return self.pii is not None or self.identifier is not None


class Reference(_Strict):
    """Values of a column must be among those of another contract's silver table; no value passes."""

    to: str = Field(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")
    column: str
    on_missing: Literal["warn", "reject"] = "warn"


class Contract(_Strict):
    """The promise of one source and entity. Rows that break it are quarantined, never dropped."""

    source: str = Field(pattern=NAME)
    entity: str = Field(pattern=NAME)
    version: str
    description: str = Field(min_length=1)
    files: Files
    record: str | None = None
    record_kind: Literal["person", "card", "device"] = "person"
    optional: bool = False
    full_snapshot: bool = False
    on_new_column: Literal["keep", "fail"] = "keep"
    max_bad_share: float = Field(0.2, ge=0, le=1)
    max_days_late: int = Field(45, ge=0)
    default_region: str = Field("US", pattern="^[A-Z]{2}$")
    columns: dict[str, Column] = Field(min_length=1)
    key: tuple[str, ...] = Field(min_length=1)
    newest: tuple[str, ...] = ()
    event_time: str | None = None
    key_repeats_within_days: int | None = Field(None, ge=0)  # Of event time; None: a key may come back ever.
    checks: dict[str, str] = Field(default_factory=dict)
    references: dict[str, Reference] = Field(default_factory=dict)
    keep_when_erased: str | None = None  # SQL: rows of an erased person that stay, without who it was.
    suppress_when: str | None = None  # SQL: rows that say themselves that they may not be used: only counted.

    @property
    def name(self) -> str:
        """The table name in bronze, silver and pii: `<source>_<entity>`."""
        return f"{self.source}_{self.entity}"

    @property
    def label(self) -> str:
        """How messages call it: `<source>/<entity>`."""
        return f"{self.source}/{self.entity}"

    @cached_property
    def silver_key(self) -> tuple[str, ...]:
        """The key as bronze and silver have it: an identifier counts by its `<column>_key`."""
        return tuple(f"{name}_key" if self.columns[name].identifier else name for name in self.key)

    @cached_property
    def identifiers(self) -> dict[str, str]:
        """Identifier columns and the kind of each."""
        return {name: column.identifier for name, column in self.columns.items() if column.identifier}

    @cached_property
    def has_pii(self) -> bool:
        """Whether a twin in the `pii` schema holds raw values of this source."""
        return any(column.is_raw_kept_apart for column in self.columns.values())

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> Contract:
        mistakes = list(contradictions(self))
        if mistakes:
            raise MistakesInFile(mistakes)
        return self


@lru_cache(maxsize=256)
def parse(text: str, source: str, entity: str, where: str) -> Contract:
    """The contract in `text` of file `where`. Raises AlluviumError with every mistake and its line.

    One text is parsed once a process: a night asks for all contracts a dozen times.
    """
    document = read_document(text, where)
    version = sha256(text.encode()).hexdigest()[:12]
    try:
        return Contract.model_validate(
            {**document.values, "source": source, "entity": entity, "version": version}
        )
    except ValidationError as error:
        raise _refused(error, document, f"{source}/{entity}") from None


def _refused(error: ValidationError, document: Document, label: str) -> AlluviumError:
    mistakes: list[Mistake] = []
    for detail in error.errors(include_url=False, include_input=False):
        inner: Any = detail.get("ctx", {}).get("error")
        if isinstance(inner, MistakesInFile):
            mistakes += inner.mistakes
        else:
            mistakes.append((detail["loc"], _plain(detail)))
    return document.refuse(mistakes, label)


def _plain(detail: Any) -> str:
    """Pydantic's message in the words of the contract, with the field it is about."""
    field = ".".join(str(part) for part in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        return f"`{field}` is not a field of a contract"
    if detail["type"] == "missing":
        return f"`{field}` is missing"
    return f"`{field}`: {message[0].lower()}{message[1:]}"


def load_file(path: Path) -> Contract:
    """The contract in one file. Raises AlluviumError with every mistake and its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise AlluviumError("A contract must be UTF-8", where=str(path)) from None
    return parse(text, path.parent.name, path.stem, str(path))


def load(source: str, entity: str, folder: Path | None = None) -> Contract:
    """The contract of one source and entity. Raises AlluviumError when there is none or it is broken."""
    path = (folder or get_settings().sources) / source / f"{entity}.yml"
    if not path.is_file():
        raise AlluviumError(
            f"There is no contract for {source}/{entity}",
            where=str(path),
            do="`alluvium ingest check` lists those that there are",
        )
    return load_file(path)


def read_all(folder: Path | None = None) -> tuple[list[Contract], list[AlluviumError]]:
    """All contracts that can be used, sorted by source and entity, and why the others cannot.

    `folder` is the setting `ALLUVIUM_SOURCES` unless it is given.
    """
    contracts: list[Contract] = []
    refusals: list[AlluviumError] = []
    root = folder or get_settings().sources
    for path in sorted(root.glob("*/*.yml")):
        try:
            contracts.append(load_file(path))
        except AlluviumError as refusal:
            refusals.append(refusal)
    by_label = {contract.label: contract for contract in contracts}
    for contract in list(contracts):
        if mistakes := list(reference_mistakes(contract, by_label)):
            contracts.remove(contract)
            refusals.append(_refused_reference(root, contract, mistakes))
    return contracts, refusals


def _refused_reference(root: Path, contract: Contract, mistakes: list[Mistake]) -> AlluviumError:
    path = root / contract.source / f"{contract.entity}.yml"
    return read_document(path.read_text(encoding="utf-8"), str(path)).refuse(mistakes, contract.label)


def load_all(folder: Path | None = None) -> list[Contract]:
    """All contracts, sorted by source and entity. Raises AlluviumError naming every broken file."""
    contracts, refusals = read_all(folder)
    if refusals:
        raise AlluviumError("\n".join(str(refusal) for refusal in refusals))
    return contracts
