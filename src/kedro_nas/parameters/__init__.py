"""Options of the stages: one pydantic model each, defaults in one place."""
