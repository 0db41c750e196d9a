"""A folder with a subfolder per class, or per split and class, here or remote."""

from __future__ import annotations

import os
import shutil

import fsspec
import numpy as np

from kedro_nas.data.decode import decode
from kedro_nas.data.sources.folder import FolderSource


def test_listing_takes_classes_from_subfolders(make_folder):
    """The first folder is the class, deeper folders are only places."""
    folder = make_folder(6)
    (folder / "cat" / "deep" / "er").mkdir(parents=True)
    shutil.move(folder / "cat" / "000.png", folder / "cat" / "deep" / "er" / "0.png")
    listing = FolderSource(str(folder)).listing()

    assert listing.labels == ["cat"] * 3 + ["dog"] * 3
    assert "cat/deep/er/0.png" in listing.names
    assert listing.splits is None


def test_listing_takes_splits_from_top_folders(make_folder, tmp_path):
    """Top folders named train and test are given splits."""
    root = tmp_path / "root"
    shutil.copytree(make_folder(6), root / "train")
    shutil.copytree(root / "train", root / "Test")
    listing = FolderSource(str(root)).listing()

    assert sorted(set(listing.splits)) == ["Test", "train"]
    assert sorted(set(listing.labels)) == ["cat", "dog"]


def test_listing_classes_named_like_splits_stay_classes(make_folder):
    """`train` and `test` without classes below are classes, e.g. of vehicles."""
    listing = FolderSource(str(make_folder(6, classes=("train", "test")))).listing()

    assert sorted(set(listing.labels)) == ["test", "train"]
    assert listing.splits is None


def test_listing_key_changes_with_a_file(make_folder):
    """A file added or rewritten changes the key, a second look does not."""
    folder = make_folder(6)
    first = FolderSource(str(folder)).listing().key
    assert FolderSource(str(folder)).listing().key == first
    (folder / "cat" / "000.png").write_bytes(b"")

    assert FolderSource(str(folder)).listing().key != first


def test_read_gives_the_rows_asked_for(make_folder):
    """Rows are read in their order, local files by the decoding process."""
    folder = make_folder(6)
    source = FolderSource(str(folder))
    names = source.listing().names
    paths = list(source.read(np.array([1, 4])))

    assert paths == [f"{folder}/{names[1]}", f"{folder}/{names[4]}"]


def test_remote_folder_is_read_through_fsspec(make_folder):
    """Any fsspec filesystem will do; a file that vanished is set aside."""
    memory = fsspec.filesystem("memory")
    memory.put(str(make_folder(6)), "/bucket", recursive=True)
    source = FolderSource("memory://bucket")
    listing = source.listing()
    assert listing.labels == ["cat"] * 3 + ["dog"] * 3
    memory.rm("/bucket/cat/000.png")
    images = list(source.read(np.arange(6)))

    assert images[0] is None
    assert decode(images[1]).pixels.shape == (24, 24, 3)
    memory.rm("/bucket", recursive=True)


def test_listing_of_names_that_are_not_utf8_shows_them(make_folder, prepare):
    """A name in another encoding is no obstacle, for a file or for a class."""
    folder = make_folder(40)
    latin = folder / os.fsdecode(b"ch\xe2t")
    (folder / "cat/000.png").rename(folder / "cat" / os.fsdecode(b"caf\xe9.png"))
    (folder / "cat").rename(latin)
    store, _ = prepare(str(folder))

    assert store.class_names == ["ch\\xe2t", "dog"]
    assert len(store) == 40


def test_listing_passes_over_a_link_to_a_folder_above(make_folder):
    """A cycle of links is reported, and each image is listed once."""
    folder = make_folder(6)
    (folder / "cat" / "loop").symlink_to(folder)
    (folder / "dog" / "self").symlink_to(".")
    listing = FolderSource(str(folder)).listing()

    assert len(listing) == 6
    assert any("2 links to a folder" in note for note in listing.notes)


def test_listing_says_nothing_of_what_systems_leave_behind(make_folder):
    """Thumbnails and folder settings are neither images nor worth a warning."""
    folder = make_folder(6)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "cat/Thumbs.db"):
        (folder / name).touch()

    assert FolderSource(str(folder)).listing().notes == []

    (folder / "README").touch()

    assert "1 files without the suffix" in FolderSource(str(folder)).listing().notes[0]


def test_listing_link_to_itself_is_one_missing_image(make_folder):
    """A link that leads nowhere does not end the listing."""
    folder = make_folder(6)
    (folder / "cat" / "loop.png").symlink_to("loop.png")
    source = FolderSource(str(folder))
    names = source.listing().names

    assert "cat/loop.png" in names
    assert len(names) == 7


def test_remote_file_that_cannot_be_fetched_says_why(make_folder, monkeypatch):
    """A file without permission is not reported as missing."""
    memory = fsspec.filesystem("memory")
    memory.put(str(make_folder(6)), "/bucket", recursive=True)
    source = FolderSource("memory://bucket")
    source.listing()

    def refused(system, paths, **options):
        return dict.fromkeys(paths, PermissionError("Access Denied"))

    monkeypatch.setattr(type(memory), "cat", refused)
    images = list(source.read(np.arange(2)))
    memory.rm("/bucket", recursive=True)

    assert images == ["cannot be fetched (PermissionError: Access Denied)"] * 2
