"""What a run of ours leaves in an experiment tracker, if one is active."""
