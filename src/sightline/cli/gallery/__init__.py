"""`sightline enrol` and `sightline recognise`: identities on the fly, and who is none of them."""
