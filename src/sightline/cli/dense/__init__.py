"""`sightline detect` and `sightline segment`: where things are, and what every pixel is."""
