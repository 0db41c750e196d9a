"""Sources of images, one per file; see `base.Source`."""

from kedro_nas.data.sources.base import Columns, Listing, Source
from kedro_nas.data.sources.dispatch import as_source, source_at

__all__ = ["Columns", "Listing", "Source", "as_source", "source_at"]
