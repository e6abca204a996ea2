"""Makes the models here with Python's onnx: small.onnx, the same with data beside it, and its tensors for comparison.

    python3 record.py        (onnx 1.23, safetensors)
"""
import pathlib

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh
from safetensors.numpy import save_file

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(0)


def floats(*shape):
    return rng.standard_normal(shape).astype("f")


tensors = {
    "conv.weight": floats(6, 3, 3, 3),
    "conv.bias": floats(6),
    "onnx::MatMul_12": floats(96, 10),
    "fc2.weight": floats(12, 10),
    # Half floats in `int32_data`, as h.make_tensor writes them.
    "half": floats(4, 8).astype(np.float16),
    "cw": floats(12, 12),
    "br/else_branch/sub_w": floats(12, 12),
    "br/then_branch/sub_b": np.ones(12, "f"),
}
then_graph = h.make_graph(
    [h.make_node("Add", ["x4", "sub_b"], ["o"])], "then", [], [h.make_tensor_value_info("o", T.FLOAT, ["N", 12])],
    [nh.from_array(tensors["br/then_branch/sub_b"], "sub_b")])
else_graph = h.make_graph(
    [h.make_node("MatMul", ["x4", "sub_w"], ["o2"])], "else", [], [h.make_tensor_value_info("o2", T.FLOAT, ["N", 12])],
    [nh.from_array(tensors["br/else_branch/sub_w"], "sub_w")])
nodes = [
    h.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["x1"], name="conv1"),
    h.make_node("Flatten", ["x1"], ["x2"]),
    h.make_node("MatMul", ["x2", "onnx::MatMul_12"], ["x3"]),
    h.make_node("Gemm", ["x3", "fc2.weight"], ["x4"], transB=1, name="g"),
    h.make_node("Constant", [], ["cw"], value=nh.from_array(tensors["cw"], "cw")),
    h.make_node("MatMul", ["x4", "cw"], ["x5"]),
    h.make_node("If", ["c"], ["y"], then_branch=then_graph, else_branch=else_graph, name="br"),
    h.make_node("Cast", ["half"], ["h2"], to=1),
]
inputs = [h.make_tensor_value_info("x", T.FLOAT, ["N", 3, 6, 6]), h.make_tensor_value_info("c", T.BOOL, [])]
outputs = [h.make_tensor_value_info("y", T.FLOAT, ["N", 12]), h.make_tensor_value_info("h2", T.FLOAT, [4, 8])]
initializers = [nh.from_array(tensors[name], name) for name in list(tensors)[:4]]
initializers.append(h.make_tensor("half", T.FLOAT16, [4, 8], tensors["half"].flatten()))
graph = h.make_graph(nodes, "g", inputs, outputs, initializers)
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 18)], ir_version=9)
model.metadata_props.add(key="a", value="b")
onnx.save(model, here / "small.onnx")
(here / "external").mkdir(exist_ok=True)
onnx.save(
    model, here / "external" / "small.onnx", save_as_external_data=True, location="w.bin", size_threshold=100)
save_file(tensors, here / "small.safetensors")
