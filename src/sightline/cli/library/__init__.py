"""What is asked of a whole index: `sightline export`, `explain`, `duplicates`, `map`."""
