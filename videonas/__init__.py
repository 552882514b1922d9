"""Evolutionary search for video-classification networks, on Kubeflow, Argo or one machine."""

__version__ = "0.1.0"
