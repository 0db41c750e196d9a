"""The values that travel between stages: a frozen record per JSON dataset."""
