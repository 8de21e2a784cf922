"""From a question, which may have several parts, to what is ranked."""
