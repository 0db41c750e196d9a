"""Scores of predictions, and what can be said of paired ones."""
