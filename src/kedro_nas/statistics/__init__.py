"""Scores of predictions, and statistics of paired ones."""
