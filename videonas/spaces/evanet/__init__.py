"""The search space of EvaNet (arXiv 1811.10636)."""
