"""The final training, the parity of exports, and the results on the test split."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from kedro_nas.records.base import Part, Record
from kedro_nas.records.latency import ExportLatency


class FinalFit(Record):
    """How the winner and the baseline were trained on all rows but the test rows.

    Attributes:
        key: Of the winner's architecture.
        epochs: Epochs the winner was trained for.
        train_loss: Of each epoch.
        seeds: Seeds of the fits of the winner.
        members: Workers that trained the winner together, by averaging its weights.
        copies: Forward passes of the exported model per image: over 1 if it averages
            its predictions over shifted and flipped views.
        has_baseline: Whether the baseline has a model of its own.
        baseline_reason: Why it has none; empty if it has one.
        baseline_epochs: Epochs the baseline was trained for, 0 without.
        baseline_seconds: Worker seconds of the baseline's fit.
        winner_seconds: Worker seconds of the winner's fit.
        seconds: Wall seconds, all sessions.
    """

    dataset: ClassVar[str] = "final_fit"
    stage: ClassVar[str] = "export"

    key: str
    epochs: int
    train_loss: tuple[float, ...]
    seeds: tuple[int, ...]
    members: int = 1
    copies: int = 1
    has_baseline: bool
    baseline_reason: str = ""
    baseline_epochs: int = 0
    baseline_seconds: float = 0.0
    winner_seconds: float = 0.0
    seconds: float = 0.0


class FormatParity(Part):
    """How closely an exported file agrees with the model in memory.

    Attributes:
        max_difference: Largest difference of a class probability.
        equal_decisions: Share of images with the same predicted class, in [0, 1].
        n_images: Real images compared.
        bytes: Size of the file or folder.
        tolerance: Largest difference allowed; None where accuracy decides.
        accuracy: Share of these images that the file classifies correctly, in [0, 1];
            the model was trained on them.
        accuracy_drop_pp: Loss against the model in memory, percentage points.
    """

    max_difference: float
    equal_decisions: float
    n_images: int
    bytes: int
    tolerance: float | None = None
    accuracy: float | None = None
    accuracy_drop_pp: float | None = None


class ModelScores(Part):
    """Scores of one model on the test rows.

    Attributes:
        accuracy: Share of images classified correctly.
        balanced_accuracy: Mean recall over the classes.
        macro_f1: Mean F1 score over the classes.
        log_loss: Mean negative log-likelihood, nats.
        calibration_error: Expected calibration error, 15 bins.
        ci_low: Lower end of the 95 % Wilson interval of the accuracy.
        ci_high: Upper end.
        objective_score: The objective as it was maximised, in [0, 1]; None where it is
            accuracy or balanced accuracy, like the next two.
        objective_low: Lower end of its 95 % interval, from resampled images.
        objective_high: Upper end.
        params: Parameters of the model.
        latency_s_p50: Median seconds of one image on this host.
        latency_s_p90: 90th percentile.
    """

    accuracy: float
    balanced_accuracy: float
    macro_f1: float
    log_loss: float
    calibration_error: float
    ci_low: float
    ci_high: float
    objective_score: float | None = None
    objective_low: float | None = None
    objective_high: float | None = None
    params: int | None = None
    latency_s_p50: float | None = None
    latency_s_p90: float | None = None


class AveragingEffect(Part):
    """What averaging over shifted and mirrored views of an image gains and costs.

    Measured on the test images, in the same reading, as the final model has been
    trained on all others; nothing is chosen by it.

    Attributes:
        accuracy_alone: Accuracy of the network on the images as they are.
        gain: Accuracy with averaging, less that.
        ci_low: Lower end of its 95 % interval, image by image.
        ci_high: Upper end.
        latency_s_p50_alone: Median seconds of one image on this host without averaging.
        latency_s_p90_alone: 90th percentile.
    """

    accuracy_alone: float
    gain: float
    ci_low: float
    ci_high: float
    latency_s_p50_alone: float
    latency_s_p90_alone: float


class ClassScores(Part):
    """Scores of one class on the test rows.

    Attributes:
        class_name: Name of the class, `class` in the file.
        precision: Share of its predictions that are right.
        recall: Share of its images that are found.
        f1: Harmonic mean of the two.
        n: Test images of the class.
        recall_low: Lower end of the 95 % Wilson interval of the recall; None in a file
            of an earlier version, like the next.
        recall_high: Upper end.
        recall_floor: Smallest recall wanted, None without a floor.
    """

    class_name: str = Field(alias="class")
    precision: float
    recall: float
    f1: float
    n: int
    recall_low: float | None = None
    recall_high: float | None = None
    recall_floor: float | None = None


class Mistake(Part):
    """A test image that was classified wrongly.

    Attributes:
        image: PNG data URI.
        true: Name of its class.
        predicted: Name of the class it was given.
        probability: Of that class, in [0, 1].
    """

    image: str
    true: str
    predicted: str
    probability: float


class DecisionTest(Part):
    """McNemar's test between winner and baseline on the test images.

    Attributes:
        p_value: Two-sided and exact.
        only_winner_right: Images that only the winner classifies correctly.
        only_baseline_right: Images that only the baseline classifies correctly.
    """

    p_value: float
    only_winner_right: int
    only_baseline_right: int


class TestMetrics(ModelScores, Record):
    """Results of the evaluation on the test split.

    Attributes:
        name: The winner in a line.
        n_images: Test images.
        chance: Accuracy of always predicting the most common class.
        beats_chance: Whether the interval of the objective lies above chance.
        objective: Name of what the search maximised.
        class_names: In the order of the class ids.
        confusion_matrix: Rows are true classes, columns predicted ones.
        per_class: Scores of each class.
        mistakes: At most 25, most confident first.
        baseline: Scores of the baseline, or None.
        baseline_reason: Why the baseline has no model, or empty.
        mcnemar: Winner against baseline, or None.
        reads: How often these test rows have been read for different models.
        epochs_final_fit: Epochs of the final training.
        epochs_baseline: Epochs of the baseline's, 0 without.
        averaging: Gain and cost of averaging over views of an image; None for a model
            that does not.
        seconds: Of the evaluation alone.
        seconds_final_fit: Of the final fit.
        seconds_export: Of the export, or None.
        latency: Of the exported files on this machine; None for exports of an earlier
            version.
    """

    __test__: ClassVar[bool] = False  # pytest would collect a class named `Test`
    dataset: ClassVar[str] = "test_metrics"
    stage: ClassVar[str] = "export"

    name: str
    n_images: int
    chance: float
    beats_chance: bool
    objective: str
    class_names: tuple[str, ...]
    confusion_matrix: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScores, ...]
    mistakes: tuple[Mistake, ...] = ()
    baseline: ModelScores | None = None
    baseline_reason: str = ""
    mcnemar: DecisionTest | None = None
    reads: int
    epochs_final_fit: int
    epochs_baseline: int = 0
    averaging: AveragingEffect | None = None
    seconds: float = 0.0
    seconds_final_fit: float = 0.0
    seconds_export: float | None = None
    latency: ExportLatency | None = None

    @property
    def scored(self) -> float:
        """The objective on the test images, as it was maximised."""
        if self.objective_score is not None:
            return self.objective_score
        return float(getattr(self, self.objective))
