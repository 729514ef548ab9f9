"""Predict Arrow batches: what runs on the workers, and therefore imports little."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from models.common import boosting

PREDICTED = "customer_id string, prediction double"


def predict_batches(batches: Iterator[pa.RecordBatch], content: bytes) -> Iterator[pa.RecordBatch]:
    """Predictions of batches of customer_id and features (doubles), with the booster in `content`.

    The booster is read once per task; its manifest says which columns go in and in which order.
    """
    booster, manifest = boosting.from_bytes(content)
    for batch in batches:
        values = [batch.column(name).to_numpy(zero_copy_only=False) for name in manifest.features]
        predictions = boosting.predict(booster, np.column_stack(values).astype(np.float32))
        columns = {"customer_id": batch.column("customer_id"), "prediction": pa.array(predictions)}
        yield pa.record_batch(columns)
