"""`ImagesDataset`: the location of images and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from kedro_nas.data.sources import Columns, Source, source_at
from kedro_nas.data.sources.arrays import ArraysSource, Part
from kedro_nas.data.sources.remote import Storage
from kedro_nas.datasets.base import JSONPreview, to_json
from kedro_nas.datasets.file_location import FileLocation, KedroConfig
from kedro_nas.errors import DataError
from kedro_nas.redaction import redacted

KERAS_SETS = ("cifar10", "cifar100", "fashion_mnist", "mnist")


class ImagesDataset(AbstractDataset[Any, Source]):
    """Describes where images and labels are; the first node reads them.

    Loading reads nothing and cannot fail. Errors in the images are reported by the node
    `prepare_images`, in one message, before any training.

    YAML API:

    ```yaml
    images:                       # a folder with a subfolder per class, or per split
      type: kedro_nas.datasets.ImagesDataset
      path: data/01_raw/flowers   # or s3://bucket/flowers with credentials

    images:                       # Parquet or Arrow: bytes, {bytes, path}, paths
      type: kedro_nas.datasets.ImagesDataset
      path: data/01_raw/scans.parquet
      image_column: scan
      label_column: finding
      group_column: patient       # no patient on two sides of a split

    images:                       # a CSV manifest: paths start from its folder
      type: kedro_nas.datasets.ImagesDataset
      path: data/01_raw/photos.csv

    images:                       # NumPy: images and labels, or x_train, y_train, ...
      type: kedro_nas.datasets.ImagesDataset
      path: data/01_raw/digits.npz

    images:                       # one of Keras' own, downloaded on first use
      type: kedro_nas.datasets.ImagesDataset
      source: keras
      name: cifar10
    ```

    Python API:

    >>> from kedro_nas.datasets.images_dataset import ImagesDataset
    >>> ImagesDataset(path="data/01_raw/flowers").load().describe()
    'the folder data/01_raw/flowers'
    """

    def __init__(
        self,
        *,
        path: str | None = None,
        source: str | None = None,
        name: str | None = None,
        image_column: str | None = None,
        label_column: str | None = None,
        split_column: str | None = None,
        group_column: str | None = None,
        image_shape: Sequence[int] | None = None,
        root: str | None = None,
        credentials: KedroConfig | None = None,
        fs_args: KedroConfig | None = None,
        metadata: KedroConfig | None = None,
    ) -> None:
        """Describe where the images are.

        Args:
            path: Local path or fsspec URL of a file or folder.
            source: `folder`, `parquet`, `arrow`, `csv`, `npz` or `keras`; of yours,
                `package.module:Class` (see docs/how-to/your-images.md) or an entry
                point of the group `kedro_nas.sources`; None derives it from the path.
            name: One of Keras' data sets, if the source is `keras`.
            image_column: Column of images; None looks for a usual name.
            label_column: Column of labels; None looks for a usual name.
            split_column: Column of given splits; None looks for `split`.
            group_column: Column of groups that no split may divide.
            image_shape: Height, width, channels of flat raw pixels in a table.
            root: Folder from which paths in a manifest start; None for its own.
            credentials: Passed to fsspec, from `credentials.yml`.
            fs_args: Arguments of the file system; credentials override them.
            metadata: For plugins such as kedro-viz; ignored by Kedro.
        """
        if source == "keras":
            if name not in KERAS_SETS:
                raise DatasetError(
                    f"there is no Keras set of this name. Received: {name!r}. Allowed: "
                    f"{', '.join(KERAS_SETS)}. Set `name` in the catalog entry."
                )
        elif path is None:
            raise DatasetError(
                "an entry of images needs a path. Received: none. Allowed: `path`, "
                "or `source: keras` with `name`. Set one of them in the catalog entry."
            )
        self._path = path
        self._source = source
        self._name = name
        self._columns = Columns(image_column, label_column, split_column, group_column)
        self._image_shape = image_shape
        self._root = root
        self._location = FileLocation.parse(
            path or "", credentials=credentials, fs_args=fs_args
        )
        self.metadata = metadata

    def load(self) -> Source:
        """Describe the images; nothing is read."""
        if self._source == "keras":
            return keras_source(str(self._name))
        return source_at(
            str(self._path),
            self._source,
            columns=self._columns,
            image_shape=self._image_shape,
            root=self._root,
            storage=Storage(self._location.options),
        )

    def save(self, data: Any) -> None:
        """Raise an error: images are only read.

        Raises:
            DatasetError: Always.
        """
        raise DatasetError(
            "images are only read. Received: data to save. Allowed: a node's output "
            "that is a DataFrame or (images, labels), in memory or as pandas "
            "ParquetDataset. Change the type of the catalog entry."
        )

    def preview(self) -> JSONPreview:
        """Show in kedro-viz where the images are; `nas.dataset` shows some of them."""
        return to_json({"images": self.load().describe()})

    def _exists(self) -> bool:
        if self._path is None:
            return True
        return bool(self._location.open().exists(self._location.path))

    def _describe(self) -> dict[str, str | Columns | None]:
        return {
            "path": None if self._path is None else redacted(self._path),
            "source": self._source,
            "name": self._name,
            "columns": self._columns,
        }


def keras_source(name: str) -> ArraysSource:
    """Return a source that loads a data set with Keras when it is listed.

    Args:
        name: One of `KERAS_SETS`.
    """
    where = f"Keras' {name}"
    # the data sets never change, so the name identifies the content
    return ArraysSource(lambda: _load(name), where, key=lambda: f"keras:{name}")


def _load(name: str) -> list[Part]:
    import keras

    sets: dict[str, Any] = {
        "cifar10": keras.datasets.cifar10,
        "cifar100": keras.datasets.cifar100,
        "fashion_mnist": keras.datasets.fashion_mnist,
        "mnist": keras.datasets.mnist,
    }
    try:
        (train, train_labels), (test, test_labels) = sets[name].load_data()
    except Exception as error:
        raise DataError(
            f"Keras cannot load {name}",
            received=str(error).splitlines()[0],
            allowed="a copy in ~/.keras/datasets, or a network to download it",
            remedy="Download it on a machine with a network, or use files of your own",
        ) from error
    return [("train", train, train_labels), ("test", test, test_labels)]
