"""Bad input gives one clear error and leaves the earlier store unchanged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data.store import ImageStore
from kedro_nas.errors import DataError

N = 40


def frame_of(pixels: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"image": list(pixels), "label": np.arange(len(pixels)) % 2})


def missing_file(frame, tmp_path):
    return str(tmp_path / "none.parquet"), {}


def missing_folder(frame, tmp_path):
    return str(tmp_path / "none"), {}


def missing_csv(frame, tmp_path):
    return str(tmp_path / "none.csv"), {}


def not_parquet(frame, tmp_path):
    (tmp_path / "x.parquet").write_text("image,label")
    return str(tmp_path / "x.parquet"), {}


def unknown_suffix(frame, tmp_path):
    (tmp_path / "x.docx").touch()
    return str(tmp_path / "x.docx"), {}


def empty_table(frame, tmp_path):
    return frame.iloc[:0], {}


def empty_folder(frame, tmp_path):
    (tmp_path / "empty").mkdir()
    return str(tmp_path / "empty"), {}


def empty_arrays(frame, tmp_path):
    return (np.zeros((0, 8, 8)), np.zeros(0)), {}


def missing_column(frame, tmp_path):
    return frame.rename(columns={"label": "laebl"}), {"label_column": "label"}


def twice_a_column(frame, tmp_path):
    return pd.concat([frame, frame[["label"]]], axis=1), {}


def one_group(frame, tmp_path):
    return frame.assign(patient="x"), {"group_column": "patient"}


def missing_paths(frame, tmp_path):
    (tmp_path / "x.csv").write_text("path,label\n" + "no.png,a\nno.png,b\n" * 10)
    return str(tmp_path / "x.csv"), {}


def no_image_column(frame, tmp_path):
    return frame.rename(columns={"image": "thing"}), {}


def unknown_label_type(frame, tmp_path):
    return frame.assign(label=frame["label"] + 0.5), {}


def one_hot_labels(frame, tmp_path):
    return (np.stack(frame["image"]), np.eye(2)[frame["label"]]), {}


def one_class(frame, tmp_path):
    return frame.assign(label="cat"), {}


def small_class(frame, tmp_path):
    return frame.assign(label=["rare"] * 4 + ["common"] * (N - 4)), {}


def small_class_misspelt(frame, tmp_path):
    return frame.assign(label=["PANTS"] + ["pants"] * 20 + ["shoes"] * (N - 21)), {}


def small_class_of_copies(frame, tmp_path):
    frame.loc[:9, "image"] = pd.Series([frame["image"][0]] * 10)
    return frame.assign(label=["rare"] * 10 + ["common"] * (N - 10)), {}


def undecodable_images(frame, tmp_path):
    frame.loc[:1, "image"] = pd.Series([b"broken"] * 2)
    return frame, {}


def no_image_at_all(frame, tmp_path):
    return frame.assign(image=b""), {}


def unknown_split(frame, tmp_path):
    return frame.assign(split="somewhere"), {}


def only_a_test(frame, tmp_path):
    return frame.assign(split="test"), {}


def leaks_forbidden(frame, tmp_path):
    doubled = pd.concat([frame, frame], ignore_index=True)
    return doubled.assign(split=["train"] * N + ["test"] * N), {"on_leak": "stop"}


def too_few_for_stop(frame, tmp_path):
    return frame, {"on_small_data": "stop"}


def too_large_for_the_disk(frame, tmp_path):
    return frame, {"max_disk_gb": 1e-5, "image_size": (64, 64)}


def several_sizes(frame, tmp_path):
    frame.loc[:0, "image"] = pd.Series([np.zeros((9, 9, 3), np.uint8)])
    return frame, {"image_size": "native"}


def another_type(frame, tmp_path):
    return 42, {}


def nameless_partitions(frame, tmp_path):
    return {"001.png": Image.new("L", (8, 8))}, {}


CASES = {
    missing_file: "no such file.*Check the path",
    missing_folder: "no such folder.*Check the path",
    missing_csv: "cannot read the manifest.*Check the path",
    not_parquet: "cannot read the Parquet file",
    unknown_suffix: r"cannot tell how to read.*\.parquet.*Set `source`",
    empty_table: "is empty. Received: 0 rows",
    empty_folder: "no images in subfolders.*<class>/<image>",
    empty_arrays: "contain no image",
    missing_column: "no label column 'label' .did you mean 'laebl'.*image, laebl",
    twice_a_column: "several columns 'label'. Received: .* image, label, label",
    one_group: "there are folds.*images or groups that are not test: '0' 1, '1' 1",
    missing_paths: "20 x unreadable file.*, e.g. /.*/no.png.*start from the folder",
    no_image_column: "no image column.*the columns thing, label",
    unknown_label_type: "of a type that cannot be a class. Received: 0.5",
    one_hot_labels: "do not match.*class numbers, not one-hot",
    one_class: r"not enough classes to distinguish. Received: 1 class \(cat\)",
    small_class: "fewer images than there are folds.*'rare' 4.*at least 5",
    small_class_misspelt: "'PANTS' 1, beside 'pants' \\d+.*at least 5",
    small_class_of_copies: "fewer images than there are.*distinct images.*'rare' 0",
    undecodable_images: "2 of 40: 2 x not an image.*.row 0, row .*max_bad_fraction",
    no_image_at_all: "no image of the DataFrame can be read. Received: 40 x empty",
    unknown_split: "not understood. Received: 'somewhere'",
    only_a_test: "leave nothing to train on|fewer images than there are folds",
    leaks_forbidden: "copies of held-out images.*40, e.g. row",
    too_few_for_stop: "too few for a search.*on_small_data to adapt",
    too_large_for_the_disk: "would not fit on the disk.*smaller.*image_size",
    several_sizes: "several sizes, but image_size is native",
    another_type: "type that is not known. Received: int",
    nameless_partitions: "does not contain its class. Received: '001.png'",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_prepare_bad_input_is_one_clear_error(case, make_pictures, prepare, tmp_path):
    """Each fault has its message, and the store of an earlier run is as it was."""
    workspace = tmp_path / "workspace"
    good, _ = prepare(frame_of(make_pictures(N)), workspace=workspace)
    images, options = case(frame_of(make_pictures(N)), tmp_path)

    with pytest.raises(DataError, match=CASES[case]):
        prepare(images, workspace=workspace, **options)

    kept = ImageStore.open(good.path)
    assert kept.fingerprint == good.fingerprint
    assert np.array_equal(kept.pixels, good.pixels)


def test_prepare_gaps_in_labels_are_set_aside(make_pictures, prepare):
    """Rows without a label are set aside and reported."""
    labels = [None if i < 2 else "ab"[i % 2] for i in range(N)]
    frame = frame_of(make_pictures(N)).assign(label=labels)
    store, profile = prepare(frame, max_bad_fraction=0.1)

    assert len(store) == N - 2
    assert profile.set_aside.reasons == {"no label": 2}


def test_prepare_reasons_that_differ_in_a_number_are_one_line(
    make_pictures, prepare, encode
):
    """Truncated files are counted together, however many bytes each has left."""
    images = [
        encode(Image.fromarray(pixels), "JPEG")[: -60 - number % 7]
        for number, pixels in enumerate(make_pictures(N))
    ]
    some = frame_of(make_pictures(N))
    some.loc[:3, "image"] = pd.Series(images[:4])
    reason = "undecodable: image file is truncated"
    _, profile = prepare(some, max_bad_fraction=0.1)

    assert profile.set_aside.reasons == {reason: 4}
    with pytest.raises(DataError, match=rf"Received: 4 of 40: 4 x {reason} \(row 0"):
        prepare(some, max_bad_fraction=0.0)
    with pytest.raises(DataError, match=f"Received: 40 x {reason}, e"):
        prepare(some.assign(image=images))
