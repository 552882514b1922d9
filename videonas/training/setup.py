"""TensorFlow in a fresh process."""

from __future__ import annotations

import tensorflow as tf


def set_up(threads: int, *, optimise_graphs: bool) -> None:
    """Prepares TensorFlow before its first operation.

    Args:
        threads: of one operation; operations run one after another.
        optimise_graphs: whether graphs are rewritten before they run, which takes a second.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    if not optimise_graphs:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
