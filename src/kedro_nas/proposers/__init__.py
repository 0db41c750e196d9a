"""What chooses the next architecture: ask and tell."""
