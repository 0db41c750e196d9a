"""What to try next and for how long: KerasTuner's Hyperband, driven and kept."""
