"""Secrets do not reach logs, profiles, reports and ledgers."""

from __future__ import annotations

import sys
import time

import pytest

from kedro_nas.datasets import ImagesDataset
from kedro_nas.environment import describe_environment
from kedro_nas.errors import DataError
from kedro_nas.framework.tracking.values import flat_parameters
from kedro_nas.redaction import redacted

SECRET = "S3CRET"
ADDRESSES = (
    f"sftp://alice:{SECRET}@host/flowers",
    f"https://bucket.s3.amazonaws.com/x.parquet?X-Amz-Signature={SECRET}",
    f"https://account.blob.core.windows.net/x.npz?sv=1&sig={SECRET}",
    f"https://{SECRET}:x@host/photos.csv".replace(f"{SECRET}:x", f"user:{SECRET}"),
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_images_dataset_never_shows_a_secret_of_its_address(address: str) -> None:
    """Neither the description, nor the preview, nor Kedro's `repr` has it."""
    dataset = ImagesDataset(path=address, source="parquet")

    assert SECRET not in dataset.load().describe()
    assert SECRET not in str(dataset.preview())
    assert SECRET not in repr(dataset)


@pytest.mark.parametrize(
    "argument",
    [
        f"--params=images.password={SECRET}",
        f"images.api_key:{SECRET}",
        f"AWS_SECRET_ACCESS_KEY={SECRET}",
        ADDRESSES[0],
    ],
)
def test_environment_keeps_no_secret_of_the_command(
    argument: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that ledgers and reports keep is without secrets."""
    monkeypatch.setattr(sys, "argv", ["kedro", "run", argument])

    command = describe_environment().command

    assert SECRET not in command
    assert command.startswith("kedro run")


@pytest.mark.parametrize(
    "text",
    [
        "kedro run --pipelines nas --params nas.seed=3",
        "data/01_raw/flowers",
        "s3://bucket/flowers",
        "https://host:8080/images.csv",
        "max_pixels=50000000",
        "Kansas: 5, disaster=1, n_tokens: 3",
        "abfs://container@account.dfs.core.windows.net/flowers",
        "https://host:8080/photo@2x.png",
    ],
)
def test_redacted_leaves_the_rest_alone(text: str) -> None:
    """What holds no secret is not touched."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"sftp://alice:{SECRET}@{SECRET}@host/flowers",
        f"https://{SECRET}@host/flowers",
        f"{{'key': 'K', 'secret': '{SECRET}'}}",
        f'{{"aws_session_token": "{SECRET}"}}',
        f"clientSecret={SECRET}",
        f"AccountName=a;AccountKey={SECRET}==;EndpointSuffix=core",
        f"kedro run --token {SECRET}",
        f"Authorization: Bearer {SECRET}",
    ],
)
def test_redacted_finds_secrets_however_they_are_written(text: str) -> None:
    """Mappings, connection strings, headers and separate arguments hide theirs, too."""
    assert SECRET not in redacted(text)
    assert "***" in redacted(text)


def test_redacted_takes_time_in_proportion_to_the_text() -> None:
    """A long text without a secret, such as a traceback, is no trap."""
    started = time.monotonic()
    for text in ("api_" * 50_000, "api" * 50_000, "a=" * 50_000, "a: '" * 50_000):
        assert redacted(text) == text

    assert time.monotonic() - started < 5


def test_errors_never_show_a_secret() -> None:
    """An error's message reaches logs, trackers and reports."""
    error = DataError(
        "cannot read", received=ADDRESSES[0], remedy=f"Call {ADDRESSES[1]}"
    )

    assert SECRET not in str(error)
    assert SECRET not in error.received


def test_trackers_never_get_a_secret() -> None:
    """Parameters are logged to MLflow without the secrets of their addresses."""
    logged = flat_parameters("nas.ranking", {"pretrained": ADDRESSES[1]})

    assert SECRET not in str(logged)
