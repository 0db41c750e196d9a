"""One folder per pipeline."""
