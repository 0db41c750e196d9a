"""The search space: blocks, choices, bounds and costs, without Keras."""
