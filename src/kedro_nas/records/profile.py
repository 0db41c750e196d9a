"""The profile of the images, and the settings derived from it."""

from __future__ import annotations

from typing import ClassVar, Literal

from kedro_nas.records.base import Part, Record, Strings
from kedro_nas.space.bounds import DataFacts

LeakKind = Literal["exact copy", "near copy", "same group"]


class Verdict(Part):
    """The settings that later stages derive from the size and balance of the data.

    Attributes:
        mode: `small_data` where the search compares fewer and smaller networks.
        objective: The score that is maximised.
        class_weights: Weight of each class in the loss, or None.
        n_train: Images of the training split.
        n_folds: Folds of the cross-validation.
        n_repeats: Repeats of the folds.
        bn_momentum: Momentum of all batch normalisations, in (0, 1).
        augmentation: `strong` leaves only augmentations suited to small data.
        max_params_factor: Factor on the bound of parameters, in (0, 1].
        reasons: A sentence for each setting that differs from the default.
    """

    mode: Literal["normal", "small_data"] = "normal"
    objective: Literal["accuracy", "balanced_accuracy"] = "accuracy"
    class_weights: tuple[float, ...] | None = None
    n_train: int
    n_folds: int
    n_repeats: int
    bn_momentum: float = 0.9
    augmentation: Literal["as_searched", "strong"] = "as_searched"
    max_params_factor: float = 1.0
    reasons: Strings = ()

    def objective_of(self, option: str) -> str:
        """Return what is maximised: an option of the user, or `auto` for the verdict's.

        >>> Verdict(n_train=9, n_folds=2, n_repeats=1).objective_of("auto")
        'accuracy'
        """
        return self.objective if option == "auto" else option


class LeakExample(Part):
    """A training image that is a copy of an image held out.

    Attributes:
        kind: How the two are related.
        held_out: Path or row of the held-out image, which is kept.
        training: Path or row of its copy.
        images: The two as PNG data URIs, in this order.
    """

    kind: LeakKind
    held_out: str
    training: str
    images: tuple[str, str]


class Leaks(Part):
    """Copies among the images.

    Attributes:
        exact_copies: Images beyond the first of each.
        near_copies: Pairs of images.
        conflicting_labels: Images that occur under several labels; all were dropped.
        across_splits: Images of training or validation that are copies of a held-out
            image, or belong to its group.
        removed: How many of those were removed.
        examples: At most 12.
    """

    exact_copies: int
    near_copies: int
    conflicting_labels: int
    across_splits: int
    removed: int
    examples: tuple[LeakExample, ...] = ()


class SetAsideExample(Part):
    """An image that is not used, and why.

    Attributes:
        source: Path or row.
        reason: Why it is not used.
    """

    source: str
    reason: str


class SetAside(Part):
    """Images that are not used: no label, unusable, or a copy.

    Attributes:
        n: Number of images.
        reasons: Number of images by reason.
        examples: At most 25; all are in `set_aside.csv` of the workspace.
    """

    n: int
    reasons: dict[str, int]
    examples: tuple[SetAsideExample, ...] = ()


class Intensity(Part):
    """Grey levels, 0 to 255, of the stored images.

    Attributes:
        mean: Mean within an image, averaged over images.
        std: Standard deviation within an image, averaged over images.
        nearly_black: Images with a mean under 16.
        nearly_white: Images with a mean over 239.
        of_one_level: Images with a standard deviation under 1.
    """

    mean: float
    std: float
    nearly_black: int
    nearly_white: int
    of_one_level: int


class DatasetProfile(Record):
    """Properties of the images, repairs made, and the verdict derived from them.

    Attributes:
        n_images: Images in the store.
        image_shape: Height, width and channels.
        class_names: In the order of the class ids.
        counts: Images by split and class name.
        imbalance: Images of the largest class over those of the smallest.
        fingerprint: Of pixels, labels, splits and folds.
        source: What the images were read from.
        changes: Differences from the previous preparation.
        warnings: Sentences that need the user's attention.
        notes: Sentences on splits that were drawn at random.
        set_aside: Images that are not used.
        leaks: Copies among the images.
        sizes: The 12 commonest native sizes, `heightxwidth`, with their counts.
        n_sizes: Number of native sizes.
        modes: Number of images by colour mode of the file, e.g. `RGB`.
        repaired: Number of images by kind of repair after decoding.
        intensity: Grey levels of the stored images.
        contact_sheet: Some images of each class as PNG data URIs.
        verdict: Settings of later stages derived from this profile.
        seconds: Duration of the preparation.
    """

    dataset: ClassVar[str] = "dataset_profile"
    stage: ClassVar[str] = "data_preparation"

    n_images: int
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    counts: dict[str, dict[str, int]]
    imbalance: float
    fingerprint: str
    source: str = ""
    changes: str = ""
    warnings: Strings = ()
    notes: Strings = ()
    set_aside: SetAside
    leaks: Leaks
    sizes: dict[str, int]
    n_sizes: int
    modes: dict[str, int]
    repaired: dict[str, int]
    intensity: Intensity
    contact_sheet: dict[str, tuple[str, ...]]
    verdict: Verdict
    seconds: float = 0.0

    @property
    def facts(self) -> DataFacts:
        """What a search space depends on."""
        return DataFacts(
            self.image_shape,
            len(self.class_names),
            self.verdict.n_train,
            self.verdict.max_params_factor,
            self.verdict.augmentation,
        )
