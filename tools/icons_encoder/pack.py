"""An exported encoder made small enough for the wheel: large weights are stored as int8, and computed with as float32.

    python tools/icons_encoder/pack.py runs/iconify-light src/sightline/builtin/icons

Every matrix, kernel and table of words is kept as w ~ scale * q, q in -127..127 with one scale a row of what it makes
(an output, a filter, a word). The graph turns them back when it is opened, once, so that it runs as fast as before and
every product is one of float32. Vectors move by about a thousandth; the figures of both are printed by
benchmarks/icons_encoder.py.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sightline.data.atomic import atomic_write
from sightline.runtime.load import ABOUT, GRAPHS, graph_file

LEAST = 4096
"""numbers of a weight that is packed; biases and norms are not"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", type=Path, help="a light copy: sightline convert RUN OUT --to onnx")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    (options.out / "onnx").mkdir(parents=True, exist_ok=True)
    for name in ("encoder.json", "tokenizer.json"):
        shutil.copyfile(options.exported / name, options.out / name)
    told = options.exported / "onnx" / ABOUT
    about = json.loads(told.read_text(encoding="utf-8"))
    for part in GRAPHS:
        graph = packed(onnx.load(graph_file(options.exported, part)))
        target = graph_file(options.out, part)
        with atomic_write(target) as [temporary]:
            temporary.write_bytes(graph.SerializeToString())
        about[part]["bytes"] = target.stat().st_size
    with atomic_write(options.out / "onnx" / ABOUT) as [temporary]:
        temporary.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in options.out.rglob("*") if file.is_file())
    print(f"{options.out}: {size / 1e6:.1f} MB")


def packed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its large weights in int8, in place."""
    graph = model.graph
    large = [
        x
        for x in graph.initializer
        if x.data_type == TensorProto.FLOAT and np.prod(x.dims) >= LEAST and len(x.dims) > 1
    ]
    turned_back = []
    for weight in large:
        value = numpy_helper.to_array(weight)
        axis = _output_axis(graph, weight.name, value.ndim)
        others = tuple(side for side in range(value.ndim) if side != axis)
        scale = np.maximum(np.abs(value).max(axis=others, keepdims=True), 1e-12).astype(np.float32) / 127
        whole = np.rint(value / scale).astype(np.int8)
        graph.initializer.remove(weight)
        names = {ending: f"{weight.name}.{ending}" for ending in ("int8", "scale", "float")}
        graph.initializer.append(numpy_helper.from_array(whole, names["int8"]))
        graph.initializer.append(numpy_helper.from_array(scale, names["scale"]))
        turned_back.append(helper.make_node("Cast", [names["int8"]], [names["float"]], to=TensorProto.FLOAT))
        turned_back.append(helper.make_node("Mul", [names["float"], names["scale"]], [weight.name]))
    nodes = [*turned_back, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [value for value in graph.value_info if value.name not in {x.name for x in large}]
    del graph.value_info[:]
    graph.value_info.extend(kept)
    onnx.checker.check_model(model)
    return model


def _output_axis(graph: onnx.GraphProto, name: str, sides: int) -> int:
    """The side of a weight whose every row makes one output: the first of kernels, tables and transposed matrices, the
    last of a matrix that vectors are multiplied by from the left."""
    for node in graph.node:
        if name in node.input:
            transposed = any(attribute.name == "transB" and attribute.i for attribute in node.attribute)
            return sides - 1 if node.op_type in ("MatMul", "Gemm") and not transposed else 0
    return 0


if __name__ == "__main__":
    main()
