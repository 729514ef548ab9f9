"""The folders are the pipeline: what may import what, how long a file may be, what must stand in it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("alluvium", "spark_jobs", "models", "expectations", "dags")
LONGEST_FILE = 300

# The report reads all; the figures of the models have one reader, see docs/decisions/0002.
REPORT_MAY = {"models.common.registry", "models.recommender.tracking"}
# Gates and the warehouse are jobs; whoever types a command may reach every room, inside a function.
MAY_IMPORT = {
    "alluvium": {"alluvium"},
    "spark_jobs": {"alluvium"},
    "models": {"alluvium", "models.common"},
    "expectations": {"alluvium", "expectations"},
    "dags": {"alluvium", "dags.common"},
}


def sources(*suffixes: str) -> list[Path]:
    found = (path for package in (*PACKAGES, "tests", "dbt_project") for path in (ROOT / package).rglob("*"))
    return sorted(path for path in found if path.suffix in suffixes and "target" not in path.parts)


def modules() -> list[Path]:
    return [path for path in sources(".py") if path.relative_to(ROOT).parts[0] in PACKAGES]


def room(path: Path) -> str:
    """`alluvium`, `spark_jobs.ingest`, `models.churn`, `dags`, ..."""
    parts = path.relative_to(ROOT).parts
    return ".".join(parts[:2]) if parts[0] in {"spark_jobs", "models"} and len(parts) > 2 else parts[0]


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Imported modules of ours, and whether the import stands at the top of the file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, id(node) in top
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top


def is_allowed(path: Path, imported: str, at_top: bool) -> bool:
    own = room(path)
    if imported == own or imported.startswith(f"{own}."):
        return True
    if "commands" in path.parts and not at_top:
        return True
    if own == "spark_jobs.report" and imported in REPORT_MAY:
        return True
    allowed = MAY_IMPORT[path.relative_to(ROOT).parts[0]]
    return any(imported == name or imported.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_what_its_row_in_the_design_allows(path: Path) -> None:
    ours = [(name, top) for name, top in imports(path) if name.split(".")[0] in PACKAGES]
    wrong = [name for name, at_top in ours if not is_allowed(path, name, at_top)]
    assert wrong == [], f"{path.relative_to(ROOT)} reaches into {wrong}"


def test_no_file_is_longer_than_one_can_read_in_a_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources(".py", ".sql", ".yml")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = [path for path in modules() if path.stem in {"utils", "helpers", "misc", "util"}]
    assert drawers == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def jobs() -> list[Path]:
    signature = "\ndef run(spark: SparkSession, config: JobConfig)"
    return [path for path in modules() if signature in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("path", jobs(), ids=lambda p: f"{p.parent.name}.{p.stem}")
def test_every_job_says_what_it_reads_writes_and_does_when_rerun(path: Path) -> None:
    says = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert all(word in says for word in ("Reads", "Writes", "Rerun")), path


def test_library_code_does_not_print() -> None:
    printing = [
        str(path.relative_to(ROOT))
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert printing == []


def test_only_evaluation_and_the_demo_know_the_truth() -> None:
    knowing = [
        str(path.relative_to(ROOT))
        for path in modules()
        if (
            "settings.truth" in path.read_text(encoding="utf-8")
            or ".truth /" in path.read_text(encoding="utf-8")
        )
    ]
    assert [path for path in knowing if not path.startswith(("alluvium/demo/", "alluvium/commands/"))] == []
