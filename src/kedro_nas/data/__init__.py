"""Images in: sources, decoding, leaks, splits, profile, guard, and the store."""
