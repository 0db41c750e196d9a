"""Surroundings are read in either form, and gaps stay gaps."""

from __future__ import annotations

from kedro_nas.report.provenance import read_provenance


def test_read_provenance_of_an_environment_tells_versions_from_hardware():
    """What is no version and no command describes the machine."""
    found = read_provenance(
        {"environment": {"cores": 2, "versions": {"keras": "3", "jax": None},
                         "command": "kedro run"}}
    )  # fmt: skip

    assert found.versions == {"keras": "3"}
    assert found.hardware == {"cores": "2"}
    assert found.command == "kedro run"


def test_read_provenance_of_separate_fields_reads_the_same():
    """The form of docs/reference/files.md is understood too."""
    found = read_provenance({"versions": {"keras": "3"}, "hardware": {"gpu": None}})

    assert (found.versions, found.hardware, found.command) == ({"keras": "3"}, {}, "")
