"""Kedro pipelines: one folder per stage, and `nas`, which joins them."""
