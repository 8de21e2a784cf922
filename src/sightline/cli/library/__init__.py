"""What is asked of a whole index: `sightline explain`, `duplicates`, `map`."""
