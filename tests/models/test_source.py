"""The written file is readable, formatted and stands alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kedro_nas.models.build import build_model
from kedro_nas.models.source import write_source
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.space.bounds import DataFacts
from kedro_nas.space.search_space import build_search_space
from kedro_nas.testing.block_contract import pixels, unseeded

DATA = DataFacts((20, 12, 3), 3, 5_000)


@pytest.fixture(scope="module")
def architectures():
    """Draw a few networks of every kind."""
    options = SearchSpaceOptions(preset="accuracy", max_params="300k", dense=[0, 16])
    space = build_search_space(options, DATA, seed=0)
    rng = np.random.default_rng(3)
    return [space.sample(rng) for _ in range(6)]


@pytest.mark.slow
def test_source_of_random_networks_builds_them_exactly(architectures):
    """Same configuration, and same outputs once the weights are copied."""
    given = {"mean": [90.0, 100.0, 110.0], "std": [50.0, 60.0, 0.0], "bn_momentum": 0.8}
    for architecture in architectures:
        ours = build_model(architecture, seed=1, **given)
        namespace = {"__name__": "network"}
        exec(write_source(architecture, **given), namespace)
        theirs = namespace["build_model"]()
        theirs.set_weights(ours.get_weights())
        x = pixels((20, 12, 3))

        assert unseeded(theirs.get_config()) == unseeded(ours.get_config())
        assert np.array_equal(theirs(x), ours(x))


def test_source_imports_nothing_but_keras(architectures):
    """A person takes over one file, not a dependency."""
    for architecture in architectures:
        imports = [
            line
            for line in write_source(architecture).splitlines()
            if line.startswith(("import", "from"))
        ]

        assert imports == ["from keras import Input, Model, layers"]


def test_source_tells_stages_apart(architectures):
    """Comments name stem, stages and head with their sizes."""
    text = write_source(architectures[0])
    last = architectures[0].stages[-1]

    assert f"# Stem: {architectures[0].stem.width} channels" in text
    assert f"# Stage {len(architectures[0].stages)}, block 1 of {last.depth}:" in text
    assert "# Head: average pooling, 3 classes" in text


def test_source_is_as_a_formatter_would_leave_it(architectures, tmp_path):
    """The file passes a formatter's check at 88 columns."""
    formatter = shutil.which("ruff", path=str(Path(sys.executable).parent))
    if formatter is None:
        pytest.skip("ruff is not installed")
    for number, architecture in enumerate(architectures):
        (tmp_path / f"network_{number}.py").write_text(write_source(architecture))
    run = [formatter, "format", "--check", "--isolated", str(tmp_path)]

    assert subprocess.run(run, check=False, capture_output=True).returncode == 0
