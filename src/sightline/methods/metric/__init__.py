"""Systems that learn distances from labels, a file each."""
