"""Previews for kedro-viz, which chooses the panel by the name of the annotation."""

from __future__ import annotations

import json
from typing import Any, NewType

from kedro_nas.files import finite

# kedro-datasets has the same types in a private module
HTMLPreview = NewType("HTMLPreview", str)
ImagePreview = NewType("ImagePreview", str)
JSONPreview = NewType("JSONPreview", str)
TablePreview = NewType("TablePreview", dict[str, Any])


def to_json(value: Any) -> JSONPreview:
    """Turn a value into the JSON tree that kedro-viz shows."""
    return JSONPreview(json.dumps(finite(value)))
