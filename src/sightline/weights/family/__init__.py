"""Published families, one file each: what their files look like and how they map onto our towers."""
