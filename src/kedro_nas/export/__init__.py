"""The final model as files other programs can load, each proven equal."""
