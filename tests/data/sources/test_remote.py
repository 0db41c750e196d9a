"""Credentials are sent only where they belong; failures have a reason."""

from __future__ import annotations

import pytest

from kedro_nas.data.chunks import fetched
from kedro_nas.data.decode import BadImageError, decode
from kedro_nas.data.sources import source_at
from kedro_nas.data.sources.cells import located
from kedro_nas.data.sources.remote import Storage
from kedro_nas.errors import DataError

KEY = {"key": "K"}


@pytest.mark.parametrize(
    ("address", "homes", "given"),
    [
        ("s3://other/a.png", ["s3://bucket/t.parquet"], True),
        ("s3://bucket/a.png", ["data/t.csv", "data"], True),
        ("s3://bucket/a.png", ["sftp://host/t.csv", "s3://bucket"], True),
        ("sftp://bob@host/a.png", ["sftp://alice@host/t.csv"], True),
        ("sftp://other/a.png", ["sftp://host/t.csv"], False),
        ("https://other/a.png", ["https://host/t.csv"], False),
        ("https://host/a.png", ["s3://bucket/t.parquet"], False),
    ],
)
def test_options_belong_to_the_places_that_were_named(address, homes, given):
    """A table cannot send its user's credentials to another host or protocol."""
    allowed = Storage(KEY).limited_to(homes, address)

    assert allowed.options == (KEY if given else {})


def test_storage_shows_no_credentials():
    """A record that is printed, as by a debugger, keeps its secrets."""
    assert "S3CRET" not in repr(Storage({"key": "S3CRET"}))


def test_storage_key_changes_with_the_file_and_says_that_one_is_missing():
    """A stored image set is prepared anew exactly if its remote file was replaced."""
    storage, address = Storage(), "memory://bucket/set.npz"
    system, path = storage.file_system(address)
    missing = storage.key(address)
    system.pipe_file(path, b"first")
    first, again = storage.key(address), storage.key(address)
    system.pipe_file(path, b"second")

    assert missing == "memory://bucket/set.npz:missing"
    assert first == again
    assert len({missing, first, storage.key(address)}) == 3


def test_storage_fetch_of_a_missing_file_is_none_and_of_a_present_one_its_bytes():
    """A row whose file is missing is one missing image, with no reason of its own."""
    storage = Storage()
    system, path = storage.file_system("memory://bucket/a.png")
    system.pipe_file(path, b"png")

    assert storage.fetch("memory://bucket/a.png") == b"png"
    assert storage.fetch("memory://bucket/b.png") is None


@pytest.mark.parametrize("address", ["nowhere://bucket/a.png", "s3://:0/a.png"])
def test_located_image_that_cannot_be_fetched_is_set_aside_with_the_reason(address):
    """Whatever a file system raises is one bad image, not the end of the stage."""
    with pytest.raises(BadImageError, match=r"cannot be fetched \(\w+Error: "):
        decode(fetched(located(address, "")))


@pytest.mark.parametrize("name", ["x", "x.csv", "x.npz", "x.parquet"])
def test_source_that_cannot_be_opened_is_a_data_error(name):
    """An unknown protocol is reported by every source."""
    with pytest.raises(DataError, match=r"cannot read the .*[Pp]rotocol not known"):
        source_at(f"nowhere://alice:S3CRET@host/{name}").listing()
