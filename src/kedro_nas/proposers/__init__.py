"""Proposers: algorithms that choose the next architecture."""
