"""Blocks and attentions, one per file, registered by their decorators."""
