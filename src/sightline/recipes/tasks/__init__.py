"""The numbers of systems that learn several tasks at once, a file each."""
