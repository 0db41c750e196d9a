"""Thin pipelines: each folder a stage, `nas` their sum."""
