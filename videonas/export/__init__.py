"""A trained network as files that need nothing of the search, and what reads them."""
