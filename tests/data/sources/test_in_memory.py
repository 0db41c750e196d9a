"""What a team's upstream node hands over: frames, arrays, partitions, archives."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data.chunks import fetched
from kedro_nas.data.decode import BadImageError, decode
from kedro_nas.data.sources import Columns, as_source, source_at
from kedro_nas.errors import DataError

N = 10
LABELS = np.arange(N) % 2


@pytest.fixture
def pixels(make_pictures):
    return make_pictures(N, side=8)


def decoded(source) -> np.ndarray:
    rows = np.arange(len(source.listing()))
    return np.stack([decode(fetched(raw)).pixels for raw in source.read(rows)])


def opened(images):
    return as_source(images, Columns())


def test_frame_of_every_kind_of_cell(pixels, encode, tmp_path):
    """Bytes, structs, paths, arrays, lists and PIL images may stand side by side."""
    images = [Image.fromarray(p) for p in pixels]
    images[0].save(tmp_path / "x.png")
    cells = [
        str(tmp_path / "x.png"),
        encode(images[1]),
        {"bytes": encode(images[2]), "path": "x"},
        pixels[3],
        pixels[4].tolist(),
        *images[5:],
    ]
    source = opened(pd.DataFrame({"image": cells, "label": LABELS}))

    assert np.array_equal(decoded(source), pixels)


def test_frame_key_follows_content(pixels):
    """The same content has the same key, one changed pixel another."""
    frame = pd.DataFrame({"image": list(pixels), "label": LABELS})
    key = opened(frame).listing().key
    assert opened(frame.copy(deep=True)).listing().key == key
    changed = pixels.copy()
    changed[3, 0, 0, 0] ^= 1

    assert opened(frame.assign(image=list(changed))).listing().key != key


def test_manifest_of_paths(pixels, tmp_path):
    """A CSV of paths and labels; labels stay text."""
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    labels = ["007", "NA"] * 5
    frame = pd.DataFrame({"path": [f"{i}.png" for i in range(N)], "class": labels})
    frame.to_csv(tmp_path / "x.csv", index=False)
    source = source_at(tmp_path / "x.csv")

    assert source.listing().labels == labels
    assert np.array_equal(decoded(source), pixels)


@pytest.mark.parametrize("header", ["path{}label", "Path{} Label", "\ufeffpath{}label"])
@pytest.mark.parametrize("mark", [",", ";", "\t", ", "])
def test_manifest_of_any_spreadsheet(pixels, tmp_path, mark, header):
    """Semicolons, tabs, spaces after commas, capitals and byte-order marks are read."""
    Image.fromarray(pixels[0]).save(tmp_path / "x.png")
    lines = [header.format(mark), f"x.png{mark}cat", f"{mark}dog"]
    (tmp_path / "x.csv").write_text("\n".join(lines), encoding="utf-8")
    source = source_at(tmp_path / "x.csv")
    listing = source.listing()
    first, gap = source.read(np.arange(2))

    assert listing.labels == ["cat", "dog"]
    assert np.array_equal(decode(fetched(first)).pixels, pixels[0])
    assert gap is None


def test_frame_of_numbered_columns(pixels):
    """Columns may be named 0 and 1, as those of a frame made of an array."""
    frame = pd.DataFrame({0: list(pixels), 1: LABELS})
    source = as_source(frame, Columns("0", "1"))

    assert np.array_equal(decoded(source), pixels)
    with pytest.raises(DataError, match=r"no label column '2'.*the columns 0, 1"):
        as_source(frame, Columns("0", "2")).listing()


@pytest.mark.parametrize("gap", [None, float("nan"), pd.NA, "", "  "])
def test_frame_gaps_among_images_are_missing(pixels, gap):
    """An empty cell is a missing image, whatever stands for empty."""
    frame = pd.DataFrame({"image": [pixels[0], gap], "label": ["a", "b"]})
    source = opened(frame)
    source.listing()
    _, raw = source.read(np.arange(2))

    with pytest.raises(BadImageError, match="missing"):
        fetched(raw)


def test_frame_of_what_cannot_be_a_path(pixels):
    """A path with a zero in it is one bad image, not the end of the stage."""
    frame = pd.DataFrame({"image": [pixels[0], "a\0b.png"], "label": ["a", "b"]})
    source = opened(frame)
    source.listing()
    _, raw = source.read(np.arange(2))

    with pytest.raises(BadImageError, match="not a path"):
        fetched(raw)


@pytest.mark.parametrize("form", ["pair", "dict", "list"])
def test_arrays_in_one_part(pixels, form):
    """A pair, or a dictionary, of arrays; images may be a list of arrays."""
    data = {
        "pair": (pixels, LABELS),
        "dict": {"images": pixels, "labels": LABELS},
        "list": [list(pixels), LABELS.tolist()],
    }
    source = opened(data[form])

    assert np.array_equal(decoded(source), pixels)
    assert source.listing().labels == LABELS.tolist()


def test_arrays_in_splits(pixels):
    """`x_train`, `y_train`, `x_test`, `y_test` are given splits."""
    data = {"x_train": pixels[:6], "y_train": LABELS[:6, None],
            "x_test": pixels[6:], "y_test": LABELS[6:, None]}  # fmt: skip
    listing = opened(data).listing()

    assert listing.splits == ["train"] * 6 + ["test"] * 4
    assert listing.labels == LABELS.tolist()


def test_arrays_as_keras_loads_them(pixels):
    """`((x_train, y_train), (x_test, y_test))`, what Keras' `load_data` returns."""
    source = opened(((pixels[:6], LABELS[:6]), (pixels[6:], LABELS[6:])))

    assert source.listing().splits == ["train"] * 6 + ["test"] * 4
    assert np.array_equal(decoded(source), pixels)


@pytest.mark.parametrize(
    ("high", "dtype", "expected"),
    [(1.0, float, 255), (16.0, float, 255), (255.0, float, 255), (200, int, 200)],
)
def test_arrays_are_scaled_by_the_range_of_the_set(high, dtype, expected):
    """One scale for all, so a dark image stays dark; an odd range is told."""
    images = np.zeros((4, 2, 2), dtype)
    images[0] = high
    images[1] = high / 2 if dtype is float else high // 2
    source = opened((images, [0, 1, 0, 1]))
    listing = source.listing()
    first, second, *_ = source.read(np.arange(4))

    assert decode(first).pixels.max() == expected
    assert abs(int(decode(second).pixels.max()) - expected / 2) <= 1
    assert bool(listing.notes) == (high in {1.0, 16.0})


@pytest.mark.parametrize("compressed", [False, True])
def test_npz_archives_are_streamed(pixels, tmp_path, compressed):
    """Items are read in turn, also from a later one on, and again."""
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "x.npz", images=pixels, labels=LABELS)
    source = source_at(tmp_path / "x.npz")

    assert np.array_equal(decoded(source), pixels)
    assert np.array_equal(next(source.read(np.array([7]))), pixels[7])
    assert np.array_equal(next(source.read(np.array([2]))), pixels[2])


def test_npz_of_objects_is_refused(tmp_path):
    """An object array is a pickle, which can run anything."""
    labels = np.array(["a", None], dtype=object)
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 4, 4)), labels=labels)

    with pytest.raises(DataError, match="only a pickle can carry"):
        source_at(tmp_path / "x.npz").listing()


def test_npz_of_other_names_says_which_are_there(tmp_path):
    """Names that are not understood are listed."""
    np.savez(tmp_path / "x.npz", pics=np.zeros((2, 4, 4)))

    with pytest.raises(DataError, match=r"the names pics.*Rename"):
        source_at(tmp_path / "x.npz").listing()


def test_partitions_are_loaded_one_by_one(pixels):
    """A PartitionedDataset's callables: the folder is the class, failures are None."""

    def broken():
        raise OSError

    data = {f"{'ab'[i % 2]}/{i}": (lambda i=i: pixels[i]) for i in range(N)}
    source = opened({**data, "b/99": broken})
    listing = source.listing()
    loaded = list(source.read(np.arange(N + 1)))

    assert listing.labels == ["a"] * 5 + ["b"] * 6
    assert loaded[-1] is None
    assert np.array_equal(loaded[0], pixels[0])


def test_partitions_beside_which_other_files_lie(pixels):
    """What people and systems put beside images is passed over, and counted once."""
    data = {f"{'ab'[i % 2]}/{i}.png": (lambda i=i: pixels[i]) for i in range(N)}
    others = ("README", "a/README.md", "a/notes.txt", "a/Thumbs.db", "b/.DS_Store")
    listing = opened(data | dict.fromkeys(others, b"no image")).listing()

    assert sorted(listing.names) == sorted(data)
    assert listing.notes == ["5 files that are no images were passed over."]


def test_partitions_of_names_that_are_not_utf8(pixels):
    """Names can be stored and printed, and their images are read."""
    data = {f"{'ab'[i % 2]}/{i}\udce9.png": (lambda i=i: pixels[i]) for i in range(N)}
    source = opened(data)

    assert source.listing().names[0] == "a/0\\xe9.png"
    assert np.array_equal(next(source.read(np.array([0]))), pixels[0])


@pytest.mark.parametrize("damage", ["short", "broken"])
def test_npz_that_is_damaged_is_one_clear_error(tmp_path, damage):
    """What is wrong inside an archive is told when it is met."""
    rng = np.random.default_rng(0)
    arrays = {"images": rng.integers(0, 256, (99, 9, 9)), "labels": np.arange(99) % 2}
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            file = io.BytesIO()
            np.save(file, values)
            end = -9 if (damage, name) == ("short", "images") else None
            archive.writestr(f"{name}.npy", file.getvalue()[:end])
    if damage == "broken":
        content = bytearray((tmp_path / "x.npz").read_bytes())
        content[9000:9100] = bytes(100)
        (tmp_path / "x.npz").write_bytes(content)
    source = source_at(tmp_path / "x.npz")
    source.listing()

    with pytest.raises(DataError, match="cannot read the archive"):
        list(source.read(np.arange(99)))
