"""The search: KerasTuner's Hyperband, its driver and its ledger."""
