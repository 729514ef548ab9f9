"""Write infra/access/s3/<role>.json from the table of grants. Run as `python -m infra.access`.

The bucket in them is called `alluvium-lake`; `alluvium privacy access s3 --bucket yours` prints your own.
"""

from __future__ import annotations

import json
from pathlib import Path

from alluvium.privacy import access

FOLDER = Path(__file__).parent / "s3"
BUCKET = "alluvium-lake"


def texts() -> dict[Path, str]:
    """The files and what should stand in them."""
    return {
        FOLDER / f"{role}.json": json.dumps(access.s3_policy(role, BUCKET), indent=2) + "\n"
        for role in access.ROLES
    }


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
