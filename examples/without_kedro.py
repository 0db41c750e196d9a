"""The library without Kedro: search networks for scikit-learn's digits.

    python examples/without_kedro.py [workspace]

A second call goes on from where the first one ended. TRIALS in the environment is the
number of trainings, eight without it.
"""

import os
import sys
from pathlib import Path

from sklearn.datasets import load_digits

from kedro_nas.data.prepare import prepare_images
from kedro_nas.models.build import build_model
from kedro_nas.models.spaces import build_search_space
from kedro_nas.parameters.data_preparation import DataPreparationOptions
from kedro_nas.parameters.job import JobOptions
from kedro_nas.parameters.search import SearchOptions
from kedro_nas.parameters.search_space import SearchSpaceOptions
from kedro_nas.search.search import search_architectures

digits, workspace = load_digits(), Path((sys.argv[1:] or ["digits_workspace"])[0])
images = (digits.images * 15).astype("uint8")[..., None], digits.target
options = DataPreparationOptions()
store, profile = prepare_images(images, options, seed=0, workspace=workspace)
space = build_search_space(SearchSpaceOptions(preset="tiny"), profile.facts, {}, seed=0)
trials_limit = int(os.environ.get("TRIALS", "8"))
search = SearchOptions(max_trials=trials_limit, max_epochs=3, min_steps=1)
trials, result = search_architectures(
    store, space, profile, workspace, search, JobOptions(), budget_s=None, seed=0
)
print(trials[["name", "rung", "epochs", "score", "params"]].to_string(index=False))
best = result.finalists[0].architecture
mean, std = (x.tolist() for x in store.channel_statistics(store.rows("train")))
build_model(best, mean=mean, std=std, seed=0).summary()  # untrained, plain Keras
