"""Where units of training run."""
