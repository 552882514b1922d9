"""MoViNet-A0 (Kondratyuk et al., arXiv 2103.11511), from its authors' own package.

`tf-models-official` is an optional package: it asks for one version of TensorFlow, and its networks
are of Keras 2. The trainer takes them all the same, since it asks little of a model.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from typing import Any

from videonas.task import Clip

BACKBONE = "official.projects.movinet.modeling.movinet:Movinet"
CLASSIFIER = "official.projects.movinet.modeling.movinet_model:MovinetClassifier"


def missing() -> str | None:
    """Why MoViNet-A0 cannot be built here, as a sentence; None where it can."""
    if importlib.util.find_spec("official") is None:
        return (
            "tf-models-official is not installed; it changes TensorFlow's version, so give it a "
            "virtual environment of its own: pip install -e '.[train,movinet]'"
        )
    try:
        pkgutil.resolve_name(CLASSIFIER)
    except Exception as error:  # whatever a package raises that does not fit what it finds
        words = f"{type(error).__name__}: {error}".splitlines()[0]
        return f"tf-models-official cannot be imported beside this TensorFlow ({words})"
    return None


class Movinet:
    """A Keras 2 model with as much of a Keras 3 model as training and measuring ask for.

    Args:
        model: from float32 clips to logits.
        clip: what it is given.
    """

    def __init__(self, model: Any, clip: Clip) -> None:
        self._model = model
        self.input_shape = (None, *clip.shape)

    def __call__(self, clips: Any, training: bool = False) -> Any:
        """Logits `(batch, classes)` of float32 clips."""
        return self._model(clips, training=training)

    @property
    def trainable_variables(self) -> list[Any]:
        """What the optimiser changes."""
        return list(self._model.trainable_variables)


def movinet_a0(clip: Clip, classes: int, dropout: float) -> Movinet:
    """The base network, which sees the whole clip at once, at its published width.

    Its convolutions are factored, as its authors have them for mobile devices: on a CPU that is
    13 times faster than the three-dimensional ones. Batch normalisation has the momentum of the
    other networks, since training is short.

    Args:
        clip: what it is given.
        classes: number of classes.
        dropout: share of features before the last layer.

    Raises:
        ImportError: tf-models-official is not installed.
    """
    import tensorflow as tf

    from videonas.networks.layers import NORM_MOMENTUM

    backbone = pkgutil.resolve_name(BACKBONE)(
        model_id="a0", causal=False, conv_type="2plus1d", se_type="3d",
        use_external_states=False, norm_momentum=NORM_MOMENTUM,
    )
    model = pkgutil.resolve_name(CLASSIFIER)(
        backbone=backbone, num_classes=classes, dropout_rate=dropout
    )
    built = Movinet(model, clip)
    built(tf.zeros((1, *clip.shape)))  # makes the variables
    return built
