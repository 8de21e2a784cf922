"""An exported encoder made small enough for the wheel: large weights are stored in 8 or 4 bits, computed with in 32.

    python tools/icons_encoder/pack.py runs/iconify-light src/sightline/builtin/icons

Every matrix and kernel is kept as w ~ scale * q, q in -127..127 with one scale a row of what it makes (an output, a
filter); the table of words as q in -8..7 with a scale for BLOCK numbers, which is half the size. The graph turns them
back when it is opened, once, so that it runs as fast as before and every product is one of float32. Vectors of
pictures keep a cosine of 0.9999 with what they were, those of words 0.998; the figures of both are printed by
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
BLOCK = 16
PARTS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
"""of the largest number of a block, what 7 may stand for"""
Packed = tuple[list[TensorProto], list[onnx.NodeProto]]
"""what is stored in place of a weight, and the nodes that make it again"""


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
        graph = onnx.load(graph_file(options.exported, part))
        if part == "text":
            about[part]["reading"] = with_reading(graph)
        graph = packed(graph)
        target = graph_file(options.out, part)
        with atomic_write(target) as [temporary]:
            temporary.write_bytes(graph.SerializeToString())
        about[part]["bytes"] = target.stat().st_size
    with atomic_write(options.out / "onnx" / ABOUT) as [temporary]:
        temporary.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in options.out.rglob("*") if file.is_file())
    print(f"{options.out}: {size / 1e6:.1f} MB")


def packed(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its large weights in few bits, in place."""
    graph = model.graph
    large = [
        x
        for x in graph.initializer
        if x.data_type == TensorProto.FLOAT and np.prod(x.dims) >= LEAST and len(x.dims) > 1
    ]
    turned_back = []
    for weight in large:
        graph.initializer.remove(weight)
        table = any(node.op_type == "Gather" and node.input[0] == weight.name for node in graph.node)
        made, nodes = (in_blocks if table else in_rows)(graph, weight)
        graph.initializer.extend(made)
        turned_back += nodes
    nodes = [*turned_back, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    kept = [value for value in graph.value_info if value.name not in {x.name for x in large}]
    del graph.value_info[:]
    graph.value_info.extend(kept)
    (own,) = [opset for opset in model.opset_import if not opset.domain]
    own.version = max(own.version, 21)  # the first with 4 bits
    onnx.checker.check_model(model)
    return model


def with_reading(model: onnx.ModelProto) -> int:
    """Makes what the last map reads, the pooled tokens (b, d), a second output, and gives d."""
    graph = model.graph
    (last,) = [node for node in graph.node if graph.output[0].name in node.output]
    (weight,) = [x for x in graph.initializer if x.name == last.input[1]]  # (e, d)
    graph.output.append(helper.make_tensor_value_info(last.input[0], TensorProto.FLOAT, ["batch", weight.dims[1]]))
    return int(weight.dims[1])


def in_rows(graph: onnx.GraphProto, weight: TensorProto) -> Packed:
    """8 bits, a scale a row of what the weight makes."""
    value = numpy_helper.to_array(weight)
    axis = _output_axis(graph, weight.name, value.ndim)
    others = tuple(side for side in range(value.ndim) if side != axis)
    scale = np.maximum(np.abs(value).max(axis=others, keepdims=True), 1e-12).astype(np.float32) / 127
    whole, by, back = (f"{weight.name}.{ending}" for ending in ("int8", "scale", "float"))
    return [
        numpy_helper.from_array(np.rint(value / scale).astype(np.int8), whole),
        numpy_helper.from_array(scale, by),
    ], [
        helper.make_node("Cast", [whole], [back], to=TensorProto.FLOAT),
        helper.make_node("Mul", [back, by], [weight.name]),
    ]


def in_blocks(graph: onnx.GraphProto, weight: TensorProto) -> Packed:
    """4 bits, a scale for BLOCK numbers of a row (n, d): of several that cut off the largest, that which errs least."""
    value = numpy_helper.to_array(weight)
    blocks = value.reshape(len(value), -1, BLOCK)
    largest = np.maximum(np.abs(blocks).max(axis=-1, keepdims=True), 1e-6)
    scales = np.stack([(largest * part / 7).astype(np.float16) for part in PARTS])
    quanta = np.clip(np.rint(blocks / scales.astype(np.float32)), -8, 7)
    errors = ((quanta * scales - blocks) ** 2).sum(axis=-1, keepdims=True)
    best = errors.argmin(axis=0)[None]
    scale = np.take_along_axis(scales, best, axis=0)[0, ..., 0]
    chosen = np.take_along_axis(quanta, best, axis=0)[0].astype(np.int8).view(np.uint8).reshape(-1, 2) & 15
    pairs = (chosen[:, 0] | chosen[:, 1] << 4).tobytes()
    whole, by, back = (f"{weight.name}.{ending}" for ending in ("int4", "scale", "float"))
    return [
        helper.make_tensor(whole, TensorProto.INT4, value.shape, pairs, raw=True),
        numpy_helper.from_array(scale, by),
    ], [
        helper.make_node("Cast", [by], [back], to=TensorProto.FLOAT),
        helper.make_node("DequantizeLinear", [whole, back], [weight.name], axis=1, block_size=BLOCK),
    ]


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
