"""The numbers of systems that learn distances from labels, a file each."""
