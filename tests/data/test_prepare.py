"""Images become a store, with the same splits for any order of the images."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kedro_nas.data import chunks, ingest, pool
from kedro_nas.data.store import ImageStore
from kedro_nas.records.profile import DatasetProfile


def split_by_image(store: ImageStore) -> dict[str, tuple]:
    folds = [f"fold_{repeat}" for repeat in range(store.n_repeats)]
    index = store.index.set_index("image_id")[["split", *folds]]
    return {
        name: tuple(row)
        for name, row in zip(index.index, index.to_numpy(), strict=True)
    }


def digest_of(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_prepare_awkward_files_are_kept_repaired_or_set_aside(
    awkward, make_folder, prepare
):
    """A folder of all kinds of files gives exactly the images it should."""
    folder = make_folder(60)
    for number, (name, (content, _)) in enumerate(awkward.items()):
        (folder / ("cat", "dog")[number % 2] / name).write_bytes(content)
    (folder / "cat" / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "cat" / "notes.txt").write_bytes(b"not an image")
    (folder / "loose.png").write_bytes(b"outside a class")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.png").write_bytes(b"hidden")
    store, profile = prepare(
        folder, max_bad_fraction=0.2, image_size=(24, 24), near_duplicates=False
    )
    fates = [fate for _, fate in awkward.values()]
    names = set(store.index["source"].str.rsplit("/").str[-1])

    assert len(awkward) >= 50
    assert fates.count("set aside") == 10
    assert profile.set_aside.n == 11  # and the dangling link
    assert profile.n_images == 60 + fates.count("kept") + fates.count("repaired")
    for name, (_, fate) in awkward.items():
        assert (name in names) == (fate != "set aside"), name
    text = " ".join(profile.warnings)
    assert "1 images outside a class folder" in text
    assert "1 files without the suffix of an image" in text
    table = pd.read_csv(store.path.parent / "set_aside.csv")
    assert len(table) == 11
    assert table["reason"].str.len().min() > 5


def test_prepare_the_same_images_in_another_order_split_alike(
    make_pictures, prepare, tmp_path
):
    """Rows shuffled, run again elsewhere: each image has the same split and folds."""
    pixels, labels = make_pictures(120), np.arange(120) % 3
    first, profile = prepare((pixels, labels), workspace=tmp_path / "a")
    order = np.random.default_rng(3).permutation(120)
    second, again = prepare((pixels[order], labels[order]), workspace=tmp_path / "b")

    assert split_by_image(first) == split_by_image(second)
    assert profile.contact_sheet == again.contact_sheet
    assert profile.fingerprint != again.fingerprint  # order is content, too


def test_prepare_another_size_or_seed(make_pictures, prepare, tmp_path):
    """The split does not hang on the size of the store, but on the seed."""
    data = (make_pictures(120), np.arange(120) % 3)
    first, _ = prepare(data, workspace=tmp_path / "a")
    resized, _ = prepare(data, workspace=tmp_path / "b", image_size=(8, 12))
    reseeded, _ = prepare(data, workspace=tmp_path / "c", seed=1)

    assert split_by_image(first) == split_by_image(resized)
    assert split_by_image(first) != split_by_image(reseeded)
    assert resized.image_shape == (8, 12, 3)


def test_prepare_splits_are_stratified_and_counted(make_pictures, prepare):
    """A fifth is test, a fifth of the rest validates, in each class."""
    store, profile = prepare((make_pictures(150), np.arange(150) % 3))

    assert {s: sum(c.values()) for s, c in profile.counts.items()} == {
        "train": 96, "val": 24, "test": 30,
    }  # fmt: skip
    assert set(profile.counts["test"].values()) == {10}
    assert profile.verdict.mode == "small_data"
    assert store.folds.shape == (150, 3)


def test_prepare_given_splits_are_honoured(make_pictures, prepare):
    """Given splits stay, whatever their spelling; only the missing one is drawn."""
    given = np.array(["Training"] * 60 + ["testing"] * 20)
    frame = pd.DataFrame({"image": list(make_pictures(80)), "label": np.arange(80) % 2})
    store, profile = prepare(frame.assign(split=given))
    rows = store.index["source"].str.split().str[1].astype(int)

    assert set(rows[store.test_rows()]) == set(range(60, 80))
    assert len(store.rows("val")) == 12
    assert "val split was drawn" in profile.notes[0]


def test_prepare_a_missing_test_is_drawn_from_training(make_pictures, prepare):
    """Given train and validation, the test comes out of train, before all else."""
    given = np.array(["train"] * 60 + ["val"] * 20)
    frame = pd.DataFrame({"image": list(make_pictures(80)), "label": np.arange(80) % 2})
    store, profile = prepare(frame.assign(split=given))
    rows = store.index["source"].str.split().str[1].astype(int)

    assert set(rows[store.rows("val")]) == set(range(60, 80))
    assert len(store.test_rows()) == 12
    assert profile.notes == ("The test split was drawn from train, 20 % of it.",)


def test_prepare_test_copies_in_training_are_caught_and_shown(
    make_pictures, encode, prepare
):
    """Test images that are copies of training images cost training its copies."""
    originals = make_pictures(60, side=40)
    copied = [encode(Image.fromarray(p), "JPEG", quality=90) for p in originals[:10]]
    exact = [encode(Image.fromarray(p)) for p in originals[10:20]]
    frame = pd.DataFrame(
        {
            "image": [encode(Image.fromarray(p)) for p in originals] + copied + exact,
            "label": list(np.arange(60) % 2) * 1 + list(np.arange(20) % 2),
            "split": ["train"] * 60 + ["test"] * 20,
        }
    )
    store, profile = prepare(frame)
    leaks = profile.leaks

    assert len(store.test_rows()) == 20
    assert len(store.rows("dev")) == 40
    assert (leaks.across_splits, leaks.removed) == (20, 20)
    assert {e.kind for e in leaks.examples} == {"exact copy", "near copy"}
    assert leaks.examples[0].images[0].startswith("data:image/png;base64,")
    assert "20 training images are copies of held-out images" in str(profile.warnings)


def test_prepare_leaks_may_stay_if_told(make_pictures, prepare):
    """`warn` keeps them and says so."""
    pixels = make_pictures(40)
    frame = pd.DataFrame(
        {
            "image": [*pixels, *pixels[:4]],
            "label": [*(np.arange(40) % 2), 0, 1, 0, 1],
            "split": ["train"] * 40 + ["test"] * 4,
        }
    )
    store, profile = prepare(frame, on_leak="warn")

    assert len(store) == 44
    assert profile.leaks.removed == 0
    assert "kept, as on_leak is warn" in str(profile.warnings)


def test_prepare_one_image_under_two_labels_is_dropped(make_pictures, prepare):
    """Nobody knows which of its labels is right."""
    pixels = make_pictures(40)
    labels = np.arange(40) % 2
    data = (np.concatenate([pixels, pixels[:3]]), np.concatenate([labels, [1, 0, 1]]))
    store, profile = prepare(data)

    assert len(store) == 37
    assert profile.leaks.conflicting_labels == 6
    assert profile.set_aside.reasons == {"one image under several labels": 6}


def test_prepare_groups_and_copies_are_on_one_side(make_pictures, prepare):
    """A patient, or a copied image, is never on two sides of a split or fold."""
    pixels = make_pictures(120)
    pixels[60:70] = pixels[:10]
    groups = np.array([f"patient {i // 4}" for i in range(120)])
    frame = pd.DataFrame(
        {"image": list(pixels), "label": np.arange(120) % 2, "patient": groups}
    )
    store, _ = prepare(frame, group_column="patient")
    for column in ["group", "image_id"]:
        for side in ["split", "fold_0", "fold_1", "fold_2"]:
            assert store.index.groupby(column)[side].nunique().max() == 1


def test_prepare_max_images_is_a_stratified_sample(make_pictures, prepare, tmp_path):
    """A trial run takes its share of every class and split, by identity."""
    frame = pd.DataFrame(
        {
            "image": list(make_pictures(200, side=8)),
            "label": np.arange(200) % 2,
            "split": ["train"] * 160 + ["test"] * 40,
        }
    )
    store, profile = prepare(frame, max_images=50, workspace=tmp_path / "a")
    shuffled = frame.sample(frac=1, random_state=0, ignore_index=True)
    again, _ = prepare(shuffled, max_images=50, workspace=tmp_path / "b")

    assert set(store.index["image_id"]) == set(again.index["image_id"])
    assert profile.n_images == 50
    assert set(profile.counts["test"].values()) == {5}


def test_prepare_unchanged_images_are_not_prepared_again(
    make_folder, prepare, monkeypatch
):
    """The second call decodes nothing and answers the same."""
    folder = make_folder()
    first, profile = prepare(folder)
    monkeypatch.setattr(ingest, "decode_chunk", None)
    second, again = prepare(folder, n_workers=1)

    assert second.fingerprint == first.fingerprint
    assert again == profile


def test_prepare_profile_of_another_version_is_made_anew(make_folder, prepare):
    """Unchanged images are prepared again where their profile cannot be read."""
    folder = make_folder()
    store, profile = prepare(folder)
    written = store.path.parent / "profile.json"
    written.write_text(json.dumps({**profile.to_json(), "mood": "cheerful"}))
    _, again = prepare(folder)

    assert again.verdict == profile.verdict
    assert "mood" not in json.loads(written.read_text())


def test_prepare_of_a_damaged_store_is_made_anew(make_folder, prepare):
    """Pixels that a disk lost part of are decoded again, not an error for ever."""
    folder = make_folder()
    store, _ = prepare(folder)
    expected = np.array(store.pixels)
    written = store.path / "pixels.npy"
    written.write_bytes(written.read_bytes()[:200])
    again, _ = prepare(folder)

    assert np.array_equal(again.pixels, expected)


def test_prepare_of_a_store_without_preprocessing_is_made_anew(make_folder, prepare):
    """A store of an earlier version cannot tell the exports how images are read."""
    folder = make_folder()
    store, _ = prepare(folder)
    written = store.path / "store.json"
    described = json.loads(written.read_text())
    del described["preprocessing"]
    written.write_text(json.dumps(described))
    again, _ = prepare(folder)

    assert again.preprocessing == store.preprocessing


def test_prepare_names_what_has_changed(make_folder, prepare):
    """Added, removed and relabelled images are counted in the profile."""
    folder = make_folder(60)
    _, profile = prepare(folder)
    assert profile.changes == "first preparation"
    (folder / "cat" / "000.png").rename(folder / "dog" / "000.png")
    (folder / "cat" / "002.png").unlink()
    for number in range(3):
        image = Image.linear_gradient("L").rotate(30 * number).resize((24, 24))
        image.convert("RGB").save(folder / "dog" / f"new{number}.png")
    _, profile = prepare(folder)

    assert profile.changes.startswith(
        "3 images added, 1 images removed, 1 labels changed"
    )


def test_prepare_killed_in_decoding_goes_on(
    make_folder, prepare, monkeypatch, tmp_path
):
    """A kill in mid-decoding costs only the chunk at hand; the result is the same."""
    folder = make_folder(50)
    whole, _ = prepare(folder, workspace=tmp_path / "whole")
    monkeypatch.setattr(chunks, "_CHUNK_IMAGES", 10)
    decode, calls = ingest.decode_chunk, []

    def dying(task, *arguments):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(task.first)
        return decode(task, *arguments)

    monkeypatch.setattr(ingest, "decode_chunk", dying)
    with pytest.raises(KeyboardInterrupt):
        prepare(folder)
    calls.clear()
    store, _ = prepare(folder)

    assert calls == [30, 40]
    assert store.fingerprint == whole.fingerprint
    assert np.array_equal(store.pixels, whole.pixels)


@pytest.mark.parametrize("step", ["write_store", "write_json", "_promote"])
def test_prepare_killed_while_writing_ends_the_same(
    make_pictures, prepare, monkeypatch, tmp_path, step
):
    """A run killed after rows were removed is resumed, too."""
    pixels = make_pictures(44)
    pixels[40:] = pixels[:4]
    data = (pixels, np.concatenate([np.arange(40) % 2, [1, 0, 1, 0]]))
    whole, _ = prepare(data, workspace=tmp_path / "whole")

    def killed(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"kedro_nas.data.prepare.{step}", killed)
        with pytest.raises(KeyboardInterrupt):
            prepare(data)
    store, _ = prepare(data)

    assert len(store) == 36
    assert store.fingerprint == whole.fingerprint
    assert np.array_equal(store.pixels, whole.pixels)


def test_prepare_killed_counts_the_seconds_of_both_sessions(
    make_pictures, prepare, monkeypatch, tmp_path
):
    """What a killed preparation took is part of what the pipeline's budget pays."""
    data = (make_pictures(40), np.arange(40) % 2)
    monkeypatch.setattr("kedro_nas.data.prepare.clean", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        prepare(data, workspace=tmp_path)
    (clock,) = tmp_path.rglob("clock-*.txt")
    clock.write_text("50.0")
    monkeypatch.undo()
    _, profile = prepare(data, workspace=tmp_path)
    _, again = prepare(data, workspace=tmp_path)

    assert 50 <= profile.seconds < 60
    assert again.seconds == profile.seconds
    assert not list(tmp_path.rglob("clock-*.txt"))


@pytest.mark.parametrize("forked", [True, False])
def test_prepare_in_processes_gives_the_same(
    make_folder, prepare, monkeypatch, tmp_path, forked
):
    """Any number of workers writes the same store."""
    folder = make_folder(40)
    alone, _ = prepare(folder, workspace=tmp_path / "a", n_workers=1)
    monkeypatch.setattr(pool, "FORK_PAYS_AFTER_S", 0.0)
    monkeypatch.setattr(pool, "POOL_PAYS_AFTER_S", 0.0)
    monkeypatch.setattr(pool, "_may_fork", lambda: forked)
    monkeypatch.setattr(chunks, "_CHUNK_IMAGES", 7)
    together, _ = prepare(folder, workspace=tmp_path / "b", n_workers=2)

    assert alone.fingerprint == together.fingerprint
    assert np.array_equal(alone.pixels, together.pixels)


def test_prepare_a_layout_seen_late_is_decoded_again(
    make_pictures, encode, prepare, monkeypatch
):
    """One coloured image among grey ones, missed by the sample, still counts."""
    monkeypatch.setattr(ingest, "_SAMPLE", 2)
    images = [encode(Image.fromarray(p).convert("L")) for p in make_pictures(40)]
    images[20] = encode(Image.fromarray(make_pictures(40)[20]))
    frame = pd.DataFrame({"image": images, "label": np.arange(40) % 2})
    store, _ = prepare(frame)

    assert store.image_shape == (24, 24, 3)
    assert store.pixels[20].std(axis=-1).max() > 5


def test_prepare_profile_is_strict_json(make_folder, prepare):
    """The profile is written and read without loss."""
    _, profile = prepare(make_folder())

    text = json.dumps(profile.to_json(), allow_nan=False)

    assert DatasetProfile.read(json.loads(text)) == profile


def test_prepare_nearly_black_sets_are_warned_of(prepare):
    """A set that was scaled wrongly is said to be dark."""
    dark = np.random.default_rng(0).integers(0, 12, (40, 8, 8, 1), dtype=np.uint8)
    _, profile = prepare((dark, np.arange(40) % 2))

    assert "40 of 40 images (100 %) are nearly black" in str(profile.warnings)
