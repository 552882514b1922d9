"""What any network costs, counted in the graph that TensorFlow makes of it."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf

CONVOLUTIONS = ("Conv2D", "Conv3D")
DEPTHWISE = ("DepthwiseConv2dNative",)
PRODUCTS = ("MatMul", "BatchMatMulV2")


def count_parameters(model: Any) -> int:
    """Trainable parameters."""
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def count_macs(model: Any) -> int:
    """Multiply-adds of one clip, those of convolutions and matrix products.

    Args:
        model: from float32 clips to logits, with an `input_shape`.
    """
    clip = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    traced = tf.function(lambda x: model(x, training=False), autograph=False)
    eager = tf.config.functions_run_eagerly()
    # what a function within the model does then stands in the same graph, with every size known
    tf.config.run_functions_eagerly(True)
    try:
        graph = traced.get_concrete_function(clip).graph
    finally:
        tf.config.run_functions_eagerly(eager)
    return sum(_macs_of(operation) for operation in graph.get_operations())


def _macs_of(operation: Any) -> int:
    if operation.type in CONVOLUTIONS:
        # height, width, input channels of the group; what comes out is counted in the output
        kernel = operation.inputs[1].shape[:-1]
        return int(math.prod(kernel) * math.prod(operation.outputs[0].shape))
    if operation.type in DEPTHWISE:
        kernel = operation.inputs[1].shape[:2]
        return int(math.prod(kernel) * math.prod(operation.outputs[0].shape))
    if operation.type in PRODUCTS:
        turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        inner = operation.inputs[0].shape[-2 if turned else -1]
        return int(inner * math.prod(operation.outputs[0].shape))
    return 0
