"""What the page shows beside results: why a picture was found, what is there twice, the map."""
