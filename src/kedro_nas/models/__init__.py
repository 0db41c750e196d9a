"""Architectures built, written down and measured with Keras."""
