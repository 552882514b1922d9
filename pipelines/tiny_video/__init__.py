"""The search for Tiny Video Networks as a pipeline."""
