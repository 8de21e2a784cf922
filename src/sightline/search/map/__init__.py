"""A library as a map: pictures that look alike lie near each other."""
