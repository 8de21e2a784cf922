"""What is in a library more than once: true duplicates, and what only looks alike."""
