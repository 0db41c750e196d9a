"""One file per block or attention, each registered by its decorator."""
