from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from models.churn.train import TASK
from models.common import candidate, params
from models.common.boosting import from_bytes, predict
from models.common.features import matrix
from models.common.prediction import predict_batches
from models.common.training_sets import TrainingSet


def test_batches_on_a_worker_give_what_one_matrix_gives_whatever_the_order_of_columns(
    shoppers: Callable[..., TrainingSet],
) -> None:
    made = candidate.make(shoppers(), TASK, params.load("churn"), 30)
    booster, manifest = from_bytes(made.content)
    asked = made.held_out.select(*reversed(manifest.features), "customer_id")
    batches = predict_batches(iter(asked.to_arrow().to_batches(max_chunksize=50)), made.content)
    found = pa.Table.from_batches(batches)
    assert found["customer_id"].to_pylist() == made.held_out["customer_id"].to_list()
    expected = predict(booster, matrix(made.held_out, manifest.features))
    np.testing.assert_array_equal(found["prediction"].to_numpy(), expected)


def test_bytes_that_are_no_booster_of_ours_are_refused() -> None:
    with pytest.raises(ValueError, match="not a booster"):
        from_bytes(b"\x80\x04a pickle")
