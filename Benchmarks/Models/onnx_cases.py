"""onnx's own node tests, written out for bonsai-bench: a model and a file of tensors for each case.

    onnx_cases.py FOLDER

FOLDER gets cases.json, a list in order, and beside it for each case NAME.onnx and NAME.N.safetensors with the tensors
`input_K` and `output_K` of each set of data. What is no tensor, or of a type that safetensors does not have, is said in the
list. Needs onnx (pip install onnx).
"""
import json
import os
import sys
import warnings

import numpy

warnings.filterwarnings("ignore")
import onnx
import onnx.numpy_helper
from onnx.backend.test.case.node import collect_testcases

TYPES = {
    "bool": "BOOL", "uint8": "U8", "int8": "I8", "uint16": "U16", "int16": "I16", "uint32": "U32", "int32": "I32",
    "uint64": "U64", "int64": "I64", "float16": "F16", "bfloat16": "BF16", "float32": "F32", "float64": "F64",
    "complex64": "C64", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}


def write(path, tensors):
    header, blobs, place = {}, [], 0
    for name, array in tensors.items():
        data = numpy.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [place, place + len(data)],
        }
        blobs.append(data)
        place += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + b"".join(blobs))


def operator(case, names):
    """The operator that a case is for: that of the case it was expanded from, or the one that its name begins with."""
    name = case.name
    for mark in ("_expanded_ver", "_expanded"):
        if mark in name:
            name = name[: name.index(mark)] + (name[name.index(mark) + len(mark):] if mark == "_expanded" else "")
            break
    case = names.get(name, case)
    types = [node.op_type for node in case.model.graph.node if node.domain in ("", "ai.onnx")]
    plain = case.name.removeprefix("test_").replace("_", "")
    fitting = [t for t in types if plain.startswith(t.lower())]
    return max(fitting, key=len) if fitting else (types[-1] if types else case.model.graph.node[-1].op_type)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    # For each operator the cases that are there already would be found again.
    cases = {case.name: case for case in collect_testcases(None)}
    listed = []
    for name, case in cases.items():
        if any(node.domain not in ("", "ai.onnx") for node in case.model.graph.node):
            continue
        onnx.save(case.model, os.path.join(folder, name + ".onnx"))
        odd, sets, count = None, 0, 0
        for index, (inputs, outputs) in enumerate(case.data_sets):
            tensors = {}
            for kind, values in (("input", inputs), ("output", outputs)):
                if kind == "output":
                    # Sequences are outputs one by one.
                    values = [part for value in values for part in (value if isinstance(value, list) else [value])]
                    count = len(values)
                for number, value in enumerate(values):
                    if isinstance(value, onnx.TensorProto):
                        value = onnx.numpy_helper.to_array(value)
                    if not isinstance(value, (numpy.ndarray, numpy.generic)):
                        odd = f"{kind} {number} is a {type(value).__name__}"
                    elif numpy.asarray(value).dtype.name not in TYPES:
                        odd = f"{kind} {number} is of {numpy.asarray(value).dtype.name}"
                    else:
                        tensors[f"{kind}_{number}"] = numpy.asarray(value)
            write(os.path.join(folder, f"{name}.{index}.safetensors"), tensors)
            sets += 1
        listed.append({
            "name": name, "operator": operator(case, cases), "sets": sets, "rtol": case.rtol or 1e-3,
            "atol": case.atol or 1e-7, "odd": odd,
            "inputs": [value.name for value in case.model.graph.input],
            "outputs": [f"output {number}" for number in range(count)],
        })
    with open(os.path.join(folder, "cases.json"), "w") as file:
        json.dump(listed, file, indent=1)
    print(f"{len(listed)} cases of onnx {onnx.__version__} in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
