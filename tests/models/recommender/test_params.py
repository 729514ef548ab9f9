from __future__ import annotations

import pytest

from alluvium.errors import UsageError
from models.recommender import params

GOOD = """\
description: d
task: new
baseline: popularity
candidates: 20
models:
  popularity: {window_days: 28}
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "discover.yml"
        path.write_text(text)
        return path

    return write


def test_the_placements_of_the_night_can_be_read():
    assert [placement.name for placement in params.load_all()] == ["buy_again", "discover"]
    assert [mix.name for mix in params.load_mixes()] == ["home"]


def test_a_mix_of_a_placement_that_is_not_there_is_refused(tmp_path):
    (tmp_path / "home.yml").write_text("description: d\nmixes: {buy: 1}\ncandidates: 20\n")
    with pytest.raises(UsageError, match="mixes buy"):
        params.load_mixes(tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "complaint"),
    [
        ("models:\n", "models:\n  eese: {}\n", "eese"),
        ("window_days", "window", "window"),
        ("baseline: popularity", "baseline: ease", "ease"),
        ("task: new", "task: other", "task"),
        ("candidates: 20", "candidates: 19", "candidates"),
        ("models:\n", "models: [", "cannot be read"),
    ],
)
def test_a_wrong_placement_is_refused_by_file_and_word(file, was, becomes, complaint):
    path = file(GOOD.replace(was, becomes))
    with pytest.raises(UsageError, match=complaint) as refused:
        params.load(path)
    assert str(path) in str(refused.value)


def test_only_what_is_new_hides_what_was_bought(file):
    assert params.load(file(GOOD)).hides_bought
    assert not params.load(file(GOOD.replace("task: new", "task: repeat"))).hides_bought
