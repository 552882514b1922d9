"""A search on one machine: the steps one after another in one process, without a pipeline."""
