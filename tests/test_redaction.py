"""Secrets do not reach logs, profiles, reports and ledgers."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kedro_nas.data.sources.frame import FrameSource
from kedro_nas.data.sources.remote import first_line
from kedro_nas.data.sources.table import TableSource
from kedro_nas.datasets import ImagesDataset
from kedro_nas.environment import describe_environment
from kedro_nas.errors import DataError
from kedro_nas.framework.tracking.values import flat_parameters
from kedro_nas.redaction import redacted
from kedro_nas.training.workers.messages import TaskMessage
from kedro_nas.training.workers.process import TaskServer

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


@pytest.mark.parametrize("kind", ["frame", "parquet"])
def test_images_named_in_a_table_are_called_by_names_without_secrets(
    kind: str, tmp_path: Path
) -> None:
    """Index, profile and report name an image by its address, signatures left out."""
    addresses = [f"memory://bucket/{n}.png?sig={SECRET}" for n in range(2)]
    table = pd.DataFrame({"image": addresses, "label": ["a", "b"]})
    table.to_parquet(tmp_path / "x.parquet")
    source = {
        "frame": FrameSource(table),
        "parquet": TableSource(str(tmp_path / "x.parquet")),
    }[kind]
    names = source.listing().names

    assert SECRET not in str(names)
    assert len(set(names)) == 2


@pytest.mark.slow
def test_reason_of_a_failed_trial_has_no_secret(
    make_task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger keeps what a worker says of an error, whoever worded it."""
    channel = io.StringIO()
    server = TaskServer(channel)

    def fails(*_: object) -> None:
        raise ValueError(f"no answer from {ADDRESSES[0]}")

    monkeypatch.setattr(server, "_train", fails)
    server.serve(TaskMessage(task=make_task(checkpoint=None)))
    outcome = json.loads(channel.getvalue().splitlines()[-1])["outcome"]

    assert outcome["status"] == "failed"
    assert "ValueError: no answer from sftp://alice" in outcome["reason"]
    assert SECRET not in outcome["reason"]


def test_message_of_a_file_system_is_without_secrets() -> None:
    """Drivers of file systems word their errors with the whole address."""
    said = first_line(OSError(f"403 for {ADDRESSES[1]}\nand more"))

    assert said.startswith("403 for https://bucket")
    assert SECRET not in said


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
