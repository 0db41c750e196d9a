"""Checks of a GPU, run by benchmarks/gpu.py."""
