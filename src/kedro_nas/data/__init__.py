"""Preparation of images: sources, decoding, leaks, splits, profile and store."""
