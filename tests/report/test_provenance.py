"""Surroundings are read, and gaps stay gaps."""

from __future__ import annotations

from kedro_nas.environment import Environment
from kedro_nas.report.provenance import read_provenance


def test_read_provenance_tells_versions_from_hardware(results):
    """What is no version and no command describes the machine; gaps are left out."""
    environment = Environment(
        cores=2, versions={"keras": "3", "jax": None}, command="kedro run"
    )
    search = results.finalists.search.model_copy(update={"environment": environment})

    found = read_provenance(search)

    assert found.versions == {"keras": "3"}
    assert found.hardware == {"cores": "2"}
    assert found.command == "kedro run"
