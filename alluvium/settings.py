"""Settings: environment variables `ALLUVIUM_*`, or a `.env` file in the working directory."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from alluvium.errors import UsageError

CHECKOUT = Path(__file__).resolve().parents[1]


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone such as Europe/Berlin") from error
    return name


def _pairs(given: object) -> object:
    """A JSON object as pairs: settings are a key of caches, which a dictionary cannot be."""
    return tuple(sorted(given.items())) if isinstance(given, dict) else given


class Settings(BaseSettings):
    """Where things lie and how large they may grow. Every field is set by `ALLUVIUM_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="ALLUVIUM_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(CHECKOUT / ".alluvium", description="Everything that Alluvium writes lies under it")
    sources: Path = Field(
        CHECKOUT / "spark_jobs" / "ingest" / "sources", description="Contracts, one per source and entity"
    )
    landing_s3_url: str | None = Field(
        None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]+(/[^\s]*)?$",
        description="Files are taken from there, such as s3://bucket/landing, instead of home/landing",
    )
    landing_s3_endpoint_url: str | None = Field(None, description="For S3-compatible stores other than AWS")
    kafka_servers: str | None = Field(
        None, description="Brokers of contracts with `format: kafka`: host:port, several with commas"
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How to speak to the brokers"
    )
    kafka_sasl_mechanism: str = Field("SCRAM-SHA-512", description="When the protocol begins with SASL")
    kafka_user: str | None = Field(None, description="Who reads, when the protocol begins with SASL")
    kafka_password: SecretStr | None = Field(None, description="The reader's password")
    business_time_zone: Annotated[str, AfterValidator(_known_time_zone)] = Field(
        "America/New_York", description="Cuts business days"
    )
    currency: str = Field("USD", pattern="^[A-Z]{3}$", description="Of every amount; ISO 4217")
    spark_memory: str = Field("2g", pattern="^[0-9]+[mg]$", description="Heap of the embedded Spark server")
    spark_cores: int = Field(2, ge=1, description="Threads of the embedded Spark server")
    spark_port: int | None = Field(None, ge=1024, le=65535, description="A fixed port instead of a free one")
    audit_heads: Path | None = Field(
        None, description="File of the audit trail's signed heads; out of reach of who can change the lake"
    )
    purpose_keys: Path | None = Field(
        None, description="File of the keys that are rotated, such as one that a secrets store mounts"
    )
    role: str | None = Field(
        None, description="engineer, analyst, marketer, support or privacy_officer: what commands may open"
    )
    retention_days: Annotated[tuple[tuple[str, int], ...], BeforeValidator(_pairs)] = Field(
        (), description='Days by class of data that differ from ours, as {"landing": 90}'
    )
    models_retrained_within_days: int = Field(
        30, ge=0, description="How long a model that learned from an erased person may go on scoring"
    )
    exports_s3_bucket: str | None = Field(None, description="Audience files are copied there when it is set")
    exports_s3_prefix: str = Field("audiences", description="Folder within the bucket")
    exports_s3_endpoint_url: str | None = Field(None, description="For S3-compatible stores other than AWS")
    exports_sftp_host: str | None = Field(None, description="Audience files are copied there when it is set")
    exports_sftp_port: int = Field(22, ge=1, le=65535, description="Port of the SFTP server")
    exports_sftp_user: str | None = Field(None, description="Who logs in")
    exports_sftp_key_file: Path | None = Field(None, description="Private key; without one the SSH agent's")
    exports_sftp_known_hosts: Path = Field(
        Path("~/.ssh/known_hosts"), description="Holds the key of the server; no other server is trusted"
    )
    exports_sftp_folder: str = Field("audiences", description="Folder on the SFTP server")
    alerts_webhook_url: SecretStr | None = Field(
        None, description="Failed jobs, shut gates and warnings are posted there as JSON"
    )
    alerts_email_to: str | None = Field(
        None, description="Failed jobs, shut gates and warnings are mailed there; several with commas"
    )
    alerts_email_from: str = Field("alluvium@localhost", description="Sender of these e-mails")
    alerts_email_host: str = Field("localhost", description="Mail server")
    alerts_email_port: int = Field(25, ge=1, le=65535, description="Usually 587 for starttls, 465 for tls")
    alerts_email_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="How to speak to the mail server"
    )
    alerts_email_user: str | None = Field(None, description="Who logs in; nobody without it")
    alerts_email_password: SecretStr | None = Field(None, description="The sender's password")

    @model_validator(mode="after")
    def _one_destination(self) -> Self:
        if self.exports_s3_bucket and self.exports_sftp_host:
            raise ValueError("set exports_s3_bucket or exports_sftp_host, not both")
        return self

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.alerts_email_password and self.alerts_email_security == "none":
            raise ValueError("alerts_email_password needs alerts_email_security starttls or tls")
        return self

    @property
    def landing(self) -> Path:
        """Files as they arrived: `<source>/<entity>/run_date=YYYY-MM-DD/`."""
        return self.home / "landing"

    @property
    def lake(self) -> Path:
        """Delta tables: `<schema>/<table>`."""
        return self.home / "lake"

    @property
    def exports(self) -> Path:
        """Audience files."""
        return self.home / "exports"

    @property
    def metastore(self) -> Path:
        """The embedded catalogue and what is known of the running Spark server."""
        return self.home / "metastore"

    @property
    def mlflow(self) -> Path:
        """Tracking database and artefacts."""
        return self.home / "mlflow"

    @property
    def airflow(self) -> Path:
        """Airflow's home."""
        return self.home / "airflow"

    @property
    def reports(self) -> Path:
        """One page a night."""
        return self.home / "reports"

    @property
    def logs(self) -> Path:
        """Logs of Spark, dbt and the nights; no personal data in them."""
        return self.home / "logs"

    @property
    def secrets(self) -> Path:
        """Keys; mode 0700."""
        return self.home / "secrets"

    @property
    def truth(self) -> Path:
        """Who is who in the demo data; for evaluation only."""
        return self.home / "truth"


def _explain(error: ValidationError) -> UsageError:
    first = error.errors()[0]
    name = "ALLUVIUM_" + "_".join(str(part) for part in first["loc"]).upper()
    return UsageError(f"Setting {name} is not usable: {first['msg']}", do="See `alluvium doctor`")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read the settings once a process.

    Raises UsageError naming the variable when a value is not usable.
    """
    try:
        settings = Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        raise _explain(error) from None
    return settings.model_copy(update={"home": settings.home.expanduser().resolve()})
