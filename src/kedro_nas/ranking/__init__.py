"""Which network is really better: finalists, paired statistics, the choice."""
