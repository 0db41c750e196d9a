"""The confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest

from kedro_nas.report.figures.confusion import draw_confusion_matrix


@pytest.mark.parametrize(("n_classes", "has_numbers"), [(2, True), (40, False)])
def test_draw_confusion_matrix_writes_numbers_only_where_they_fit(
    results, n_classes, has_numbers
):
    """Few classes show counts, many only shades; equal cut names stay apart."""
    names = [f"{'x' * 30}{number}" for number in range(n_classes)]
    metrics = results.test_metrics.model_copy(
        update={
            "class_names": tuple(names),
            "confusion_matrix": np.eye(n_classes, dtype=int).tolist(),
        }
    )

    figure = draw_confusion_matrix(metrics)

    assert bool(figure.layout.annotations) == has_numbers
    assert len(set(figure.data[0].x)) == n_classes


def test_draw_confusion_matrix_shades_are_shares_of_the_true_class(results):
    """Rows are true classes and sum to one; a class without images is blank."""
    metrics = results.test_metrics.model_copy(
        update={
            "class_names": ("a", "b", "c"),
            "confusion_matrix": ((3, 1, 0), (0, 2, 0), (0, 0, 0)),
        }
    )

    (heat,) = draw_confusion_matrix(metrics).data

    assert [list(row) for row in heat.z] == [[0.75, 0.25, 0], [0, 1, 0], [0, 0, 0]]
    assert (list(heat.x), list(heat.y)) == (["a", "b", "c"], ["a", "b", "c"])


def test_draw_confusion_matrix_escapes_class_names(results):
    """A class name is text, whatever it contains."""
    metrics = results.test_metrics.model_copy(
        update={"class_names": ("<b>", "x"), "confusion_matrix": ((1, 0), (0, 1))}
    )

    assert draw_confusion_matrix(metrics).data[0].x[0] == "&lt;b&gt;"


def test_draw_confusion_matrix_of_many_classes_has_no_names_beside_it(results):
    """Beyond 40 classes names along the axes would overlap."""
    n_classes = 41
    metrics = results.test_metrics.model_copy(
        update={
            "class_names": tuple(map(str, range(n_classes))),
            "confusion_matrix": np.eye(n_classes, dtype=int).tolist(),
        }
    )

    assert draw_confusion_matrix(metrics).layout.xaxis.showticklabels is False
