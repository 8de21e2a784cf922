"""Why a picture was found: which of its parts speak for the query."""
