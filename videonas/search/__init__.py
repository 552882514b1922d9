"""What a search keeps: settings, individuals, results, populations, and where they lie."""
