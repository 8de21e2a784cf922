"""The numbers of systems that adapt to another domain, a file each."""
