"""The images that the components run on; `images/` builds them."""

import os

from videonas import __version__

REGISTRY = os.environ.get("VIDEONAS_REGISTRY") or "videonas"
"""Where the images were pushed to, read when a pipeline is compiled."""

EVOLVE = f"{REGISTRY}/evolve:{__version__}"
"""Without TensorFlow: starts in well under a second."""
TRAIN = f"{REGISTRY}/train:{__version__}"
"""With TensorFlow and PyAV."""
TRAIN_GPU = f"{REGISTRY}/train-gpu:{__version__}"
"""As `TRAIN`, with the libraries of NVIDIA GPUs."""
