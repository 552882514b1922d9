"""The images that the components run on; `images/` builds them."""

import os

_REGISTRY = os.environ.get("VIDEONAS_REGISTRY", "videonas")
"""Where the images were pushed to, read when a pipeline is compiled."""

VERSION = "0.1.0"
EVOLVE = f"{_REGISTRY}/evolve:{VERSION}"
"""Without TensorFlow: starts in well under a second."""
TRAIN = f"{_REGISTRY}/train:{VERSION}"
"""With TensorFlow and PyAV."""
