"""A table of trained networks, and the samplers that search it."""
