"""The steps as components of Kubeflow Pipelines."""
