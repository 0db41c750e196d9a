"""Running the peers of `benchmarks/peers`, and the table of what they reached."""
