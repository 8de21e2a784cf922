"""Systems that learn a task on one domain for another, of which they see no label, a file each."""
