"""Where the time went, and what it cost: measured seconds times given prices."""
