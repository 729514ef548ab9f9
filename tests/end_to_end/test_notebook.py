"""The notebook for analysts runs from top to bottom on the lake of the demo, and draws."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from alluvium.settings import CHECKOUT
from tests.end_to_end.conftest import Demo

NOTEBOOK = CHECKOUT / "docs" / "notebooks" / "first-look.ipynb"


def test_every_question_is_answered_with_a_picture(
    demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = tmp_path / "lake.duckdb"
    done = demo.run("sql", "--views", str(views))
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("ALLUVIUM_VIEWS", str(views))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120).execute()
    questions = [cell for cell in notebook.cells if cell.cell_type == "code"][1:]
    for cell in questions:
        pictures = [out.data.get("image/svg+xml", "") for out in cell.outputs if "data" in out]
        assert "<path" in "".join(pictures), cell.source
