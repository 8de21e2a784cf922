"""Systems that learn several tasks at once, a file each."""
