"""The report of a job: what was found, how certain it is, what it cost."""
