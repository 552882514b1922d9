"""The generational pipeline, one folder a search space; `python -m pipelines` runs and compiles."""
