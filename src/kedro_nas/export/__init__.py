"""The final training, its test, and exported files with a parity check."""
