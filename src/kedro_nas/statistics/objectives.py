"""The objective: one number per set of predictions, in [0, 1], larger is better.

Whatever a search maximises goes through here, so that proposers, schedules and rankings
need not know which metric it is. Log loss, which is minimised, is turned into the
geometric mean of the probabilities given to the true classes, `exp(-log loss)`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kedro_nas.custom_code import import_custom
from kedro_nas.errors import ParameterError, RankingError
from kedro_nas.seeds import generator
from kedro_nas.statistics.metrics import check_predictions

if TYPE_CHECKING:
    import pandas as pd

# standard errors from 200 resamples are right within 5 % (Efron and Tibshirani 1993)
N_RESAMPLES = 200
# objectives that are means over images, for which a formula gives the standard error
WITH_FORMULA = ("accuracy", "balanced_accuracy")
COLUMN = "objective_score"
TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "auc": "AUC",
    "log_loss": "exp(-log loss)",
}


@dataclass(frozen=True)
class Objective:
    """What a search maximises.

    Attributes:
        name: `accuracy`, `balanced_accuracy`, `macro_f1`, `auc`, `log_loss` or
            `package.module:metric`.
        recall_floors: Smallest recall wanted of each class id, 0 for none; None without
            floors. A score is multiplied by the reached share of each floor missed.
    """

    name: str
    recall_floors: tuple[float, ...] | None = None

    @property
    def has_formula(self) -> bool:
        """Whether it is a weighted mean over images, each right or wrong."""
        return self.name in WITH_FORMULA and self.recall_floors is None

    def score(
        self, labels: NDArray[np.integer], probabilities: NDArray[np.floating[Any]]
    ) -> float:
        """Return the score of predictions, in [0, 1], larger is better.

        Args:
            labels: Class ids, shape `(n,)`.
            probabilities: Shape `(n, n_classes)`.

        Raises:
            RankingError: The predictions are not usable, the metric is not a number in
                [0, 1], or it is not defined for them.
            ParameterError: The metric of another package cannot be imported.

        >>> truth = np.array([0, 1, 1])
        >>> shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        >>> round(Objective("log_loss").score(truth, shares), 4)  # (.9 * .8 * .4)^(1/3)
        0.6604
        >>> floors = (0.0, 1.0)  # half of the second class is found
        >>> round(Objective("accuracy", floors).score(truth, shares), 4)  # 2/3 * 1/2
        0.3333
        """
        truth, shares = check_predictions(labels, probabilities)
        value = self._metric()(truth, shares)
        if self.recall_floors is not None:
            value *= _reached(truth, shares, self.recall_floors)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not 0 <= number <= 1:
            raise RankingError(
                f"the objective {self.name} is not defined for these predictions",
                received=f"{value!r} on {len(truth)} images",
                allowed="a number from 0 to 1, larger is better; exp(-loss) of a loss",
                remedy="Mend the metric, or choose another nas.job.objective",
            )
        return number

    def resampled(
        self, labels: NDArray[np.integer], probabilities: NDArray[np.floating[Any]]
    ) -> NDArray[np.float32]:
        """Return the score, and those of resampled images, for standard errors.

        The resamples depend on the labels alone, so that those of two networks are
        pairs. Images are drawn within their classes: no class is ever missing.

        Args:
            labels: Class ids, shape `(n,)`.
            probabilities: Shape `(n, n_classes)`.

        Returns:
            Shape `(1 + N_RESAMPLES,)`, float32, the score of the images as they are
            first.

        Raises:
            RankingError: See `score`.

        Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, ch. 6.
        """
        truth, shares = np.asarray(labels), np.asarray(probabilities)
        rows_of = [np.flatnonzero(truth == one) for one in np.unique(truth)]
        rng = generator(0, "bootstrap", len(truth))
        scores = [self.score(truth, shares)]
        for _ in range(N_RESAMPLES):
            drawn = [rows[rng.integers(0, len(rows), len(rows))] for rows in rows_of]
            rows = np.concatenate(drawn)
            scores.append(self.score(truth[rows], shares[rows]))
        return np.array(scores, np.float32)

    def _metric(self) -> Callable[[NDArray[np.int64], NDArray[np.float64]], Any]:
        if self.name in _METRICS:
            return _METRICS[self.name]
        return find_metric(self.name)


def find_metric(path: str) -> Callable[..., Any]:
    """Return the metric that `package.module:metric` names.

    Args:
        path: Of a function of labels, `(n,)`, and probabilities, `(n, n_classes)`.

    Raises:
        ParameterError: It cannot be imported, or is not a function.
    """
    metric = import_custom(path, "objective", ParameterError)
    if not callable(metric):
        raise ParameterError(
            f"the objective {path} cannot be computed",
            received=f"a {type(metric).__name__}",
            allowed="a function of labels and probabilities",
            remedy="Name a function in nas.job.objective; docs/how-to/objectives.md",
        )
    return metric  # type: ignore[no-any-return]


def floors_by_class(
    floors: Mapping[str, float], class_names: Sequence[str]
) -> tuple[float, ...] | None:
    """Return the floor of each class id, None without floors.

    Args:
        floors: Smallest recall wanted, by class name.
        class_names: In the order of the class ids.

    Raises:
        ParameterError: A name is not a class of the images.

    >>> floors_by_class({"tulip": 0.9}, ["rose", "tulip"])
    (0.0, 0.9)
    """
    unknown = [name for name in floors if name not in class_names]
    if unknown:
        raise ParameterError(
            "nas.job.recall_floors names a class that the images do not have",
            received=", ".join(map(repr, unknown)),
            allowed=", ".join(map(str, class_names[:30])),
            remedy="Write the name of a class as the data profile shows it",
        )
    if not floors:
        return None
    return tuple(float(floors.get(name, 0.0)) for name in class_names)


def title_of(objective: str, recall_floors: Mapping[str, float] | None = None) -> str:
    """Return the name of an objective for readers.

    Args:
        objective: Name of the objective.
        recall_floors: Smallest recall wanted, by class name; none or None without.

    >>> title_of("macro_f1"), title_of("my_team.metrics:cost_of_errors")
    ('macro F1', 'cost of errors')
    """
    name = TITLES.get(objective, objective.rpartition(":")[2].replace("_", " "))
    return f"{name} with floors of recall" if recall_floors else name


def score_column(frame: pd.DataFrame, objective: str, pattern: str = "{}") -> str:
    """Return the column of a table that holds the objective.

    Accuracy and balanced accuracy have columns of their own; any other objective, and
    these with floors of recall, are in `objective_score`.

    Args:
        frame: Fold scores or trials.
        objective: Name of the objective.
        pattern: Of the columns' names, e.g. `val_{}_by_epoch`.
    """
    apart = pattern.format(COLUMN)
    if apart in frame and frame[apart].map(_holds_numbers).any():
        return apart
    return pattern.format(objective)


def pack_scores(scores: NDArray[np.float32]) -> str:
    """Return what `Objective.resampled` gave as text."""
    return base64.b64encode(scores.astype("<f4").tobytes()).decode()


def unpack_scores(text: str) -> NDArray[np.float64]:
    """Read what `pack_scores` wrote.

    >>> unpack_scores(pack_scores(np.array([0.5, 0.25], np.float32))).tolist()
    [0.5, 0.25]
    """
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float64)


def _holds_numbers(cell: Any) -> bool:
    import pandas as pd

    values = cell if isinstance(cell, list | tuple | np.ndarray) else [cell]
    return any(value is not None and not pd.isna(value) for value in values)


def _confusion(
    truth: NDArray[np.int64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return counts, true classes by predicted ones.

    scikit-learn's recall and F1 are the same numbers, but take 4 and 14 ms for 5,000
    images instead of 0.15 ms, and a score is computed on 200 resamples.
    """
    n = shares.shape[1]
    both = truth * n + shares.argmax(axis=1)
    return np.bincount(both, minlength=n * n).reshape(n, n).astype(np.float64)


def _recalls(
    matrix: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the classes that occur, and the recall of each."""
    counts = matrix.sum(axis=1)
    present = np.flatnonzero(counts)
    return present, matrix[present, present] / counts[present]


def _reached(
    truth: NDArray[np.int64],
    shares: NDArray[np.float64],
    floors: tuple[float, ...],
) -> float:
    """Return the product over the classes of the reached share of their floors."""
    present, recalls = _recalls(_confusion(truth, shares))
    wanted = np.array(floors)[present]
    missed = recalls < wanted
    return float(np.prod(recalls[missed] / wanted[missed]))


def _accuracy(truth: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    return float((shares.argmax(axis=1) == truth).mean())


def _balanced_accuracy(truth: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    return float(_recalls(_confusion(truth, shares))[1].mean())


def _macro_f1(truth: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    """Return the mean F1 over the classes that occur."""
    matrix = _confusion(truth, shares)
    actual, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    present = np.flatnonzero(actual)
    both = actual[present] + predicted[present]
    return float((2 * matrix[present, present] / both).mean())


def _auc(truth: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    """Return the mean area under the ROC curves of each class against the rest.

    Source: Hanley and McNeil (1982), Radiology 143: the share of pairs in order.
    """
    # not above: a worker imports this file, and only this objective needs SciPy, 1 s
    from scipy.stats import rankdata

    counts = np.bincount(truth, minlength=shares.shape[1]).astype(np.float64)
    split = np.flatnonzero((counts > 0) & (counts < len(truth)))
    if not len(split):
        return float("nan")
    ranks = rankdata(shares[:, split], axis=0)
    own = np.array([ranks[truth == one, i].sum() for i, one in enumerate(split)])
    n = counts[split]
    areas = (own - n * (n + 1) / 2) / (n * (len(truth) - n))
    return float(areas.mean())


def _likelihood(truth: NDArray[np.int64], shares: NDArray[np.float64]) -> float:
    given = shares[np.arange(len(truth)), truth]
    return float(np.exp(np.log(np.maximum(given, np.finfo(np.float64).eps)).mean()))


_METRICS: dict[str, Callable[[NDArray[np.int64], NDArray[np.float64]], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "macro_f1": _macro_f1,
    "auc": _auc,
    "log_loss": _likelihood,
}
