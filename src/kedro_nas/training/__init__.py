"""Training: single tasks, the workers that run them, and trainings built from both."""
