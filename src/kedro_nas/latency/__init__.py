"""Latency on devices: files to time there, device profiles, measurements here."""
