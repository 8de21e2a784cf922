"""What a picture looks like in a few numbers, measured once when it is indexed: what filters ask for."""
