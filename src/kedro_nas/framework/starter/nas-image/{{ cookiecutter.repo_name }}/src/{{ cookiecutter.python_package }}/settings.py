"""Kedro settings of this project."""

import warnings

# Kedro 1.7 calls what omegaconf 2.4 renamed; three lines of it on every run.
warnings.filterwarnings("ignore", message=r"register_new_resolver\(\)")

# Kedro's default would let one nested key of conf/local or --params replace all of
# `nas:`; with a soft merge it replaces itself only.
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
}
