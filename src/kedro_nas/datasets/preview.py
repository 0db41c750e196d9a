"""Previews for kedro-viz, which chooses the panel by the annotation's name."""

from __future__ import annotations

import json
from typing import Any

from kedro_datasets._typing import JSONPreview

from kedro_nas.files import finite


def to_json(value: Any) -> JSONPreview:
    """Turn a value into the JSON tree that kedro-viz shows."""
    return JSONPreview(json.dumps(finite(value)))
