"""The search for EvaNets as a pipeline."""
