"""Settings with which Kedro runs this repository as a project."""

import warnings

# Kedro 1.7 calls a function that omegaconf 2.4 has renamed, which warns on every run.
warnings.filterwarnings("ignore", message=r"register_new_resolver\(\)")

# By default one nested key in conf/local or --params would replace all of `nas:`; with
# a soft merge it replaces only itself.
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft"},
}
