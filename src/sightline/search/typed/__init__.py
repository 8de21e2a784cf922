"""What a person types, read by small grammars that say where they cannot go on: composed queries and filters."""
