"""Makes pyramid.onnx, a small network as exporters of detectors write them.

Weights in `Constant` nodes, sizes that the file calls `?`, two resolutions added where whether they are equal is known
only when the model runs, a view and an `Expand` that say the channels and change nothing, positions counted by a `Range`
of real numbers.

    python3 record_pyramid.py        (onnx 1.23)
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

rng = np.random.default_rng(0)
nodes = []


def constant(name, array):
    nodes.append(h.make_node("Constant", [], [name], value=nh.from_array(np.asarray(array), name)))
    return name


def conv(name, inputs, outputs, x, stride):
    weight = constant(name + ".weight", rng.standard_normal((outputs, inputs, 3, 3)).astype("f") / 4)
    bias = constant(name + ".bias", rng.standard_normal(outputs).astype("f"))
    nodes.append(h.make_node(
        "Conv", [x, weight, bias], [name], name=name, kernel_shape=[3, 3], strides=[stride] * 2, pads=[1] * 4))
    nodes.append(h.make_node("Relu", [name], [name + ".relu"]))
    return name + ".relu"


large = conv("a", 3, 8, "x", 2)
small = conv("b", 8, 8, large, 2)
constant("scales", np.array([1, 1, 2, 2], "f"))
nodes.append(h.make_node(
    "Resize", [small, "", "scales"], ["resized"], mode="nearest", coordinate_transformation_mode="asymmetric",
    nearest_mode="floor"))
nodes.append(h.make_node("Add", [large, "resized"], ["sum"], name="sum"))
nodes.append(h.make_node("GlobalAveragePool", ["sum"], ["pooled"]))
# A view, and what is broadcast to the shape that it has.
constant("shape", np.array([-1, 8, 1, 1]))
constant("ones", np.array([1, 8, 1, 1]))
nodes.append(h.make_node("Reshape", ["pooled", "shape"], ["viewed"], name="view"))
nodes.append(h.make_node("Expand", ["viewed", "ones"], ["expanded"], name="expand"))
nodes.append(h.make_node("Mul", ["sum", "expanded"], ["scaled"]))
last = conv("c", 8, 4, "scaled", 1)
# Columns, counted in real numbers.
constant("zero", np.float32(0))
constant("one", np.float32(1))
constant("three", np.array(3))
nodes.append(h.make_node("Shape", [last], ["sizes"]))
nodes.append(h.make_node("Gather", ["sizes", "three"], ["width"]))
nodes.append(h.make_node("Cast", ["width"], ["limit"], to=T.FLOAT))
nodes.append(h.make_node("Range", ["zero", "limit", "one"], ["columns"], name="range"))
nodes.append(h.make_node("Add", [last, "columns"], ["y"]))
graph = h.make_graph(
    nodes, "pyramid", [h.make_tensor_value_info("x", T.FLOAT, ["?", 3, "?", "?"])],
    [h.make_tensor_value_info("y", T.FLOAT, ["?", 4, "?", "?"])])
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 13)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, pathlib.Path(__file__).parent / "pyramid.onnx")
