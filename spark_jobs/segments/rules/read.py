"""Read a rule document, from the file's text to what runs, with file and line for all that is wrong."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from alluvium.errors import AlluviumError
from spark_jobs.segments.header import Guard, Header, Priority, Target
from spark_jobs.segments.rules.compile import Compiled, compiled
from spark_jobs.segments.rules.document import Document


def read(text: str, file: str) -> tuple[Header, Compiled]:
    """Header and query of a document; raises AlluviumError naming file, line and the nearest known name."""
    tree, content = _tree(text, file)
    try:
        document = Document.model_validate(content)
    except ValidationError as error:
        raise _explained(error, tree, file) from None
    except RecursionError:
        raise AlluviumError("The rules are nested too deep", where=file) from None
    return _header(document), compiled(document.rules)


def _header(document: Document) -> Header:
    smallest, largest = document.guard.size
    change = document.guard.change_percent
    aim = document.target
    return Header(
        owner=document.owner,
        purposes=document.purposes,
        schedule=document.schedule,
        guard=Guard(smallest, largest, change / 100 if change else None),
        holdout=(document.holdout_percent or 0) / 100,
        expires_on=document.expires,
        description=document.description,
        priority=Priority(document.priority.group, document.priority.place) if document.priority else None,
        target=Target(aim.outcome, aim.percent / 100, aim.in_days, aim.by) if aim else None,
    )


def _tree(text: str, file: str) -> tuple[yaml.Node | None, Any]:
    """Nodes with their lines, and the content. Aliases are refused: a few lines of them become millions."""
    try:
        for event in yaml.parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 1
                what = "A rule document has no aliases"
                raise AlluviumError(what, where=f"{file}, line {line}", do="Write it out")
        return yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise AlluviumError(f"Not YAML: {error.problem}", where=f"{file}, line {line}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise AlluviumError("Not YAML that can be read", where=file) from None


def _explained(error: ValidationError, tree: yaml.Node | None, file: str) -> AlluviumError:
    first = error.errors()[0]
    line = _line(tree, first["loc"])
    what = first["msg"].removeprefix("Value error, ")
    name = str(first["loc"][-1]) if first["loc"] and first["type"] != "value_error" else ""
    return AlluviumError(f"{name}: {what}" if name else what, where=f"{file}, line {line}")


def _line(tree: yaml.Node | None, path: tuple[Any, ...]) -> int:
    """The line of the deepest node of the path that is in the document."""
    node, line = tree, 1
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            if found is None:
                continue
            node, line = found[1], found[0].start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line
