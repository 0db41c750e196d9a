"""The values passed between stages: a frozen record per JSON dataset."""
