"""What can be found: blocks, choices, bounds, costs; no Keras."""
