"""Scores, and what they were made from."""

from __future__ import annotations

from collections.abc import Mapping

from alluvium.table import Table

_CUSTOMER = ("string", "The customer")
_AS_OF = ("date", "First day not seen: the score looks at the days from here on")
_HORIZON = ("int", "Days from as_of_date that the score is about")
_VERSION = ("string", "Version of the registered model, also the one whose prior is stated")
_SCORED_FOR = (
    "string",
    "model: from the customer's own features; prior: the rate of a group, see reason_code",
)
_SCORED_AS_OF = ("date", "As-of date of the features behind the score; earlier than as_of_date when stale")
_IS_STALE = ("boolean", "Repeated from an earlier night, because no sound champion was there to score")
_REASONS = (
    "array<string>",
    "The three features that moved the model's score most, in words, strongest first",
)
_REASONS_KIND = ("string", "Contributions behind the reasons: exact, or approximate in a night of many rows")
_REASON = (
    "string",
    "Why a prior is given: no_history (never bought), no_consent (may not be profiled), "
    "lapsed (no purchase in the population's days); null for model",
)

_FOR = {"customer_id": _CUSTOMER, "as_of_date": _AS_OF, "horizon_days": _HORIZON}
_FROM = {
    "scored_for": _SCORED_FOR,
    "reason_code": _REASON,
    "reasons": _REASONS,
    "reasons_kind": _REASONS_KIND,
    "model_version": _VERSION,
    "scored_as_of": _SCORED_AS_OF,
    "is_stale": _IS_STALE,
}


def _scores(name: str, comment: str, said: Mapping[str, tuple[str, str]]) -> Table:
    """A model's table: for whom, what the model said, and what it was made from."""
    return Table(
        schema="ml",
        name=name,
        comment=comment,
        key=tuple(_FOR),
        columns={**_FOR, **said, **_FROM},
        partition_by=("as_of_date",),
        retention_days=400,
    )


ML_CHURN_SCORES = _scores(
    "churn_scores",
    "How likely it is that a customer buys nothing, one row per customer, as-of date and horizon.",
    {
        "churn_probability": ("double", "Probability of no purchase within the horizon, 0 to 1"),
        "churn_probability_low": ("double", "Lower end of the 80 % interval; null for a prior"),
        "churn_probability_high": ("double", "Upper end of the 80 % interval; null for a prior"),
        "churn_decile": (
            "int",
            "Tenth by probability among model scores of the night, 1 most likely to churn",
        ),
    },
)

ML_COUPON_SCORES = _scores(
    "coupon_scores",
    "How likely a customer redeems a coupon, one row per customer, as-of date and horizon.",
    {
        "redemption_probability": ("double", "Probability of a redemption within the horizon, 0 to 1"),
        "redemption_probability_low": ("double", "Lower end of the 80 % interval; null for a prior"),
        "redemption_probability_high": ("double", "Upper end of the 80 % interval; null for a prior"),
        "redemption_decile": (
            "int",
            "Tenth by probability among model scores of the night, 1 most likely to redeem",
        ),
    },
)

ML_LTV_SCORES = _scores(
    "ltv_scores",
    "What a customer will spend within the horizon, one row per customer, as-of date and horizon.",
    {
        "predicted_spend": ("decimal(12,2)", "Expected order totals within the horizon"),
        "predicted_spend_low": ("decimal(12,2)", "Lower end of the 80 % interval; null without one"),
        "predicted_spend_high": ("decimal(12,2)", "Upper end of the 80 % interval; null without one"),
        "predicted_orders": ("double", "Expected orders within the horizon, by BG/NBD; null for a prior"),
        "is_extrapolated": (
            "boolean",
            "By BG/NBD and Gamma-Gamma alone: the horizon is longer than any that was observed",
        ),
        "spend_decile": ("int", "Tenth by spend among model scores of the night, 1 highest"),
        "currency": ("string", "ISO 4217 code of predicted_spend"),
    },
)

ML_TRAINING_SETS = Table(
    schema="ml",
    name="training_sets",
    comment="What a model was trained on, to build it again, one row per model, horizon and run date.",
    key=("model", "horizon_days", "run_date"),
    columns={
        "model": ("string", "Folder of the model under models/"),
        "horizon_days": ("int", "Days of the outcome"),
        "run_date": ("date", "Run date of the training; no outcome reaches beyond it"),
        "cutoffs": ("string", "As-of dates of the features, where outcomes start; JSON list"),
        "missing_cutoffs": ("string", "As-of dates that were asked for and have no features; JSON list"),
        "evaluated_on": ("date", "The cut-off held out for the figures"),
        "count_rows": ("bigint", "Customers times cut-offs in the population"),
        "mean_outcome": ("double", "Churn rate, or mean spend, over those rows"),
        "features": ("string", "Columns of gold.customer_features in the model; JSON list"),
        "suspicious_features": (
            "string",
            "Columns left out as they know too much, and why; JSON object",
        ),
        "table_versions": ("string", "Delta version of every table read; JSON object"),
        "fingerprint": ("string", "SHA-256 of the rows and the parameters"),
    },
)

ML_MONITORING = Table(
    schema="ml",
    name="monitoring",
    comment="How the scores of a night look, one row per model, horizon, as-of date and metric.",
    key=("model", "horizon_days", "as_of_date", "metric"),
    columns={
        "model": ("string", "Folder of the model under models/"),
        "horizon_days": _HORIZON,
        "as_of_date": _AS_OF,
        "metric": (
            "string",
            "count_<group>, mean_score, p10_score, p50_score, p90_score; psi_<feature>, missing_<feature>, "
            "psi_prediction; realised_count, realised_predicted, realised_observed, realised_error of the "
            "scores whose window closes today; retrain_time, retrain_drift, retrain_decay; stale_days",
        ),
        "value": ("double", "The figure"),
        "alert": ("string", "warn or alert when somebody should look, else null"),
        "model_version": _VERSION,
    },
    retention_days=400,
)

ML_CUSTOMER_CLUSTERS = Table(
    schema="ml",
    name="customer_clusters",
    comment="Which customers behave alike, one row per customer and as-of date.",
    key=("customer_id", "as_of_date"),
    columns={
        "customer_id": _CUSTOMER,
        "as_of_date": _AS_OF,
        "cluster": ("int", "Number of the cluster (k-means), kept from fit to fit; null with a reason_code"),
        "cluster_name": ("string", "What sets the cluster apart, in words"),
        "probability": (
            "double",
            "How surely it is this one, by Gaussians around the centres, 0 to 1",
        ),
        "is_outlier": ("boolean", "Like nobody else (DBSCAN): reported, not to be targeted"),
        "reason_code": (
            "string",
            "Why not: no_consent, no_history, lapsed; null with a cluster",
        ),
        "fitted_on": ("date", "Run date of the training that found the clusters"),
    },
    partition_by=("as_of_date",),
    retention_days=400,
)

ML_CLUSTER_FITS = Table(
    schema="ml",
    name="cluster_fits",
    comment="How the clusters were found, one row per run date of the training.",
    key=("run_date",),
    columns={
        "run_date": ("date", "Run date of the training"),
        "k": ("int", "Number of clusters"),
        "silhouette": ("double", "Mean silhouette of the chosen number, -1 to 1"),
        "stability": ("double", "Mean adjusted Rand index between fits of different seeds and customers"),
        "elbow_k": ("int", "Where the sum of squared distances bends most"),
        "count_customers": ("bigint", "Customers who can have a cluster"),
        "candidates": ("string", "Every number of clusters that was tried, with its figures; JSON list"),
        "picture": ("string", "Some customers on the plane of two principal components; JSON object"),
        "model": ("string", "Centres, scales, labels and names; JSON object"),
    },
)
