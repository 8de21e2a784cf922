"""What an encoder has learnt, as numbers and pictures: filters, attention, positions, units, components of tokens."""
