"""Keras' own image sets, by name."""

from __future__ import annotations

from typing import Any

from kedro_nas.data.sources.arrays import ArraysSource, Part
from kedro_nas.errors import DataError

KERAS_SETS = ("cifar10", "cifar100", "fashion_mnist", "mnist")


def keras_source(name: str) -> ArraysSource:
    """Make a source that asks Keras for a set, once it is listed.

    Args:
        name: One of `KERAS_SETS`.
    """
    where = f"Keras' {name}"
    # the sets never change, so the name stands for the content
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
