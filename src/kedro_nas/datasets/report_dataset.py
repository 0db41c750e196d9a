"""`ReportDataset`: a self-contained HTML page, shown inside kedro-viz."""

from __future__ import annotations

from kedro_nas.datasets.base import FileDataset, HTMLPreview


class ReportDataset(FileDataset[str, str]):
    """An HTML page in UTF-8.

    YAML API:

    ```yaml
    nas.report:
      type: kedro_nas.datasets.ReportDataset
      filepath: data/08_reporting/nas/report.html
    ```

    Python API:

    >>> import tempfile
    >>> dataset = ReportDataset(filepath=tempfile.mkdtemp() + "/report.html")
    >>> dataset.save("<h1>Found</h1>")
    >>> dataset.load()
    '<h1>Found</h1>'

    Args: those of `FileDataset`.
    """

    def load(self) -> str:
        """Read the page."""
        return self._read_bytes().decode()

    def save(self, data: str) -> None:
        """Write the page atomically."""
        self._write_bytes(data.encode())

    def preview(self) -> HTMLPreview:
        """Show the page."""
        return HTMLPreview(self._read_bytes().decode())
