"""Pictures a second from a folder to vectors on disk: sightline, transformers, open_clip and sentence-transformers.

    python benchmarks/speed/embed_throughput.py    everything, three alternating rounds (hours on two cores)
    python benchmarks/speed/embed_throughput.py --n 64 --rounds 1    that it works
    python benchmarks/speed/embed_throughput.py --table    the table of the rows so far

Cases: `b32` and `s16` (ViT-B/32 and ViT-S/16 at 224) on --n photographs of $SIGHTLINE_DATA/caltech101 enlarged once to
640 px; `icons`, 5 times as many 64 px PNGs through a tower of 10 M parameters. All packages have the same random
weights. Precisions: `default` is what the package does unasked, `float32` and `bfloat16` are equal precision; the other
packages' default is float32 for a checkpoint stored so, and their float32 rows count for both.

A row is one child process, so that its peak memory (proportional set sizes, children included) is its own. Rows are
appended to rows.jsonl in --folder and not made twice; loading the model is not counted, everything else is. `cosine` is
the smallest against sightline in float32 (for peers: whether they computed the same thing).
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np

PACKAGES = ("sightline", "transformers", "open_clip", "sentence_transformers")
PRECISIONS = ("default", "float32", "bfloat16")
CASES = {
    "b32": {"size": 224, "patch": 32, "width": 768, "layers": 12, "heads": 12},
    "s16": {"size": 224, "patch": 16, "width": 384, "layers": 12, "heads": 6},
    "icons": {"size": 64, "patch": 8, "width": 256, "layers": 12, "heads": 4},
}
JOINT, TEXT = 512, {"width": 64, "layers": 1, "heads": 1, "vocab": 512, "length": 77}
BATCH = 32  # sentence-transformers' default, and the usual one of the others' examples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--packages", nargs="+", choices=PACKAGES, default=list(PACKAGES))
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "sightline-embed")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--child", nargs=3, metavar=("PACKAGE", "CASE", "PRECISION"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    if args.child:
        child(args.folder, *args.child, args.n)
        return
    done = rows(args.folder)
    for round_ in range(0 if args.table else args.rounds):
        for case in args.cases:
            prepare(args.folder, case, args.n)
            for precision in args.precisions:
                # turn about, so that no package always runs on a machine that the same other one has warmed
                for package in (
                    args.packages[round_ % len(args.packages) :] + args.packages[: round_ % len(args.packages)]
                ):
                    key = {"case": case, "precision": precision, "package": package, "n": args.n, "round": round_}
                    if any(key.items() <= row.items() for row in done):
                        continue
                    if precision == "default" and package != "sightline":
                        continue
                    row = key | measured(args.folder, package, case, precision, args.n)
                    done.append(row)
                    with (args.folder / "rows.jsonl").open("a") as file:
                        file.write(json.dumps(row) + "\n")
                    print(json.dumps(row), file=sys.stderr, flush=True)
    table([row for row in done if row["n"] == args.n], args.folder)


def rows(folder):
    file = folder / "rows.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def measured(folder, package, case, precision, n):
    """One row: a child process, watched."""
    command = [sys.executable, __file__, "--folder", str(folder), "--n", str(n), "--child", package, case, precision]
    env = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    peak, ended = [0.0], threading.Event()

    def watch():
        while not ended.wait(0.2):
            peak[0] = max(peak[0], memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    ended.set()
    watcher.join()
    if process.returncode:
        return {"error": err.strip().splitlines()[-1][:300] if err.strip() else f"exit {process.returncode}"}
    return json.loads(out.splitlines()[-1]) | {"peak_mb": round(peak[0] / 2**20)}


def memory(pid):
    """Bytes of a process and its children; shared pages are counted once."""
    total = 0
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        children = [c for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:
        return total
    return total + sum(memory(int(child)) for child in children)


def table(found, folder):
    groups = {}
    for row in found:
        if row["package"] != "sightline" and row["precision"] == "float32":
            groups.setdefault((row["case"], "default", row["package"]), []).append(row)
        groups.setdefault((row["case"], row["precision"], row["package"]), []).append(row)
    groups = {key: groups[key] for key in sorted(groups, key=_place)}
    print(
        f"{'case':6} {'precision':9} {'package':22} {'img/s':>7} {'ratio':>6} {'MB':>6} {'cosine':>8}  "
        "where the time goes"
    )
    for (case, precision, package), some in groups.items():
        good = [row for row in some if "error" not in row]
        if not good:
            print(f"{case:6} {precision:9} {package:22} {some[0]['error']}")
            continue
        rate = statistics.median(row["rate"] for row in good)
        ours = [row["rate"] for row in groups.get((case, precision, "sightline"), []) if "error" not in row]
        ratio = "" if package == "sightline" or not ours else f"{statistics.median(ours) / rate:6.2f}"
        peak = max(row["peak_mb"] for row in good)
        parts = good[-1]["parts"]
        whole = sum(parts.values()) or 1
        where = ", ".join(f"{name} {100 * took / whole:.0f} %" for name, took in parts.items())
        print(
            f"{case:6} {precision:9} {package:22} {rate:7.1f} {ratio:>6} {peak:6} {cosine(folder, good[-1]):8.5f}  "
            f"{where}"
        )


def _place(key):
    case, precision, package = key
    return list(CASES).index(case), PRECISIONS.index(precision), PACKAGES.index(package)


def cosine(folder, row):
    exact = folder / f"vectors-{row['case']}-float32-sightline-{row['n']}.npy"
    mine = folder / f"vectors-{row['case']}-{row['precision']}-{row['package']}-{row['n']}.npy"
    if not (exact.exists() and mine.exists()):
        return float("nan")
    return float((np.load(exact) * np.load(mine)).sum(1).min())


# ---- what is measured


def child(folder, package, case, precision, n):
    images = folder / f"{'icons' if case == 'icons' else 'photographs'}-{n}"
    out = folder / f"vectors-{case}-{precision}-{package}-{n}"
    began = time.perf_counter()
    run = RUNS[package](folder, case, precision)
    loaded = time.perf_counter()
    parts = run(images, out)
    took = time.perf_counter() - loaded
    count = len(np.load(out.with_suffix(".npy"))) if out.with_suffix(".npy").exists() else from_table(out)
    print(json.dumps({"rate": count / took, "seconds": took, "load": loaded - began, "count": count, "parts": parts}))


def from_table(out):
    """The vectors of sightline's table as the others' array, after the clock has stopped."""
    import pyarrow.parquet as pq

    table = pq.read_table(out.with_suffix(".parquet"))
    vectors = np.stack(table["vector"].to_numpy(zero_copy_only=False))[np.argsort(table["key"].to_pylist())]
    np.save(out.with_suffix(".npy"), vectors)
    out.with_suffix(".parquet").unlink()
    return len(vectors)


class Clock:
    """Seconds by part."""

    def __init__(self):
        self.parts = {}

    @contextmanager
    def __call__(self, part):
        start = time.perf_counter()
        yield
        self.parts[part] = self.parts.get(part, 0.0) + time.perf_counter() - start


def sightline(folder, case, precision):
    """The command's own path: `sightline embed ENCODER FOLDER --out vectors.parquet`."""
    from sightline.data.sources.source import open_source
    from sightline.search.embed import embed
    from sightline.search.encoder import open_quick

    precision = "auto" if precision == "default" else precision
    encoder = open_quick(f"local-dir:{folder / f'model-{case}'}", precision=precision)

    def run(images, out):
        out.with_suffix(".npy").unlink(missing_ok=True)
        done = embed(encoder, open_source(str(images)), out.with_suffix(".parquet"), precision=precision)
        return done.spent.seconds

    return run


def transformers(folder, case, precision):
    """The batch loop of its documentation: open, processor, `get_image_features`."""
    import torch
    from PIL import Image
    from transformers import AutoImageProcessor, CLIPModel

    kind = {"bfloat16": torch.bfloat16, "float32": torch.float32}.get(precision)
    model = CLIPModel.from_pretrained(folder / f"model-{case}", **({"dtype": kind} if kind else {})).eval()
    processor = AutoImageProcessor.from_pretrained(folder / f"model-{case}")

    def run(images, out):
        clock, found, files = Clock(), [], sorted(images.iterdir())
        for at in range(0, len(files), BATCH):
            with clock("decode"):
                pictures = [Image.open(file).convert("RGB") for file in files[at : at + BATCH]]
            with clock("preprocess"):
                inputs = processor(images=pictures, return_tensors="pt").to(model.dtype)
            with clock("model"), torch.inference_mode():
                vectors = model.get_image_features(**inputs)
                vectors = vectors if isinstance(vectors, torch.Tensor) else vectors.pooler_output
                found.append(torch.nn.functional.normalize(vectors.float(), dim=-1))
        return saved(out, torch.cat(found).numpy(), clock)

    return run


def open_clip(folder, case, precision):
    """Its own transform in a DataLoader with a worker a core, `encode_image`, autocast for bfloat16."""
    import open_clip as peer
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    model = open_clip_model(case)
    model.load_state_dict(torch.load(folder / f"model-{case}" / "open_clip.pt", weights_only=True))
    model.eval()
    transform = peer.image_transform(CASES[case]["size"], is_train=False)

    class Pictures(Dataset):
        def __init__(self, files):
            self.files = files

        def __len__(self):
            return len(self.files)

        def __getitem__(self, index):
            return transform(Image.open(self.files[index]))

    def run(images, out):
        clock, found = Clock(), []
        loader = DataLoader(
            Pictures(sorted(images.iterdir())), batch_size=BATCH, num_workers=len(os.sched_getaffinity(0))
        )
        batches = iter(loader)
        low = torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16")
        while True:
            with clock("waiting for workers"):
                batch = next(batches, None)
            if batch is None:
                break
            with clock("model"), torch.no_grad(), low:
                found.append(torch.nn.functional.normalize(model.encode_image(batch).float(), dim=-1))
        return saved(out, torch.cat(found).numpy(), clock)

    return run


def sentence_transformers(folder, case, precision):
    """`SentenceTransformer(...).encode(pictures)`, 256 opened at a time so that memory is that of the model."""
    import torch
    from PIL import Image
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.transformer import Transformer

    kind = {"bfloat16": torch.bfloat16, "float32": torch.float32}.get(precision)
    said = {"model_kwargs": {"dtype": kind}} if kind else {}
    model = SentenceTransformer(modules=[Transformer(str(folder / f"model-{case}"), **said)], device="cpu")

    def run(images, out):
        clock, found, files = Clock(), [], sorted(images.iterdir())
        for at in range(0, len(files), 256):
            with clock("decode"):
                pictures = [Image.open(file).convert("RGB") for file in files[at : at + 256]]
            with clock("preprocess and model"):
                found.append(model.encode(pictures, normalize_embeddings=True, show_progress_bar=False))
        return saved(out, np.concatenate(found).astype(np.float32), clock)

    return run


RUNS = {name: globals()[name] for name in PACKAGES}


def saved(out, vectors, clock):
    with clock("write"):
        np.save(out.with_suffix(".npy"), vectors)
    return clock.parts


# ---- pictures and models, made once


def prepare(folder, case, n):
    images = folder / f"{'icons' if case == 'icons' else 'photographs'}-{n}"
    if not images.exists():
        made = images.with_suffix(".making")
        made.mkdir(exist_ok=True)
        (icons if case == "icons" else photographs)(made, n)
        made.rename(images)
    if not (folder / f"model-{case}" / "open_clip.pt").exists():
        save_model(folder / f"model-{case}", case)


def photographs(into, n):
    from PIL import Image

    data = Path(os.environ.get("SIGHTLINE_DATA", "data")) / "caltech101"
    count = 0
    for tar in sorted(data.glob("*.tar")):
        with tarfile.open(tar) as opened:
            for member in opened:
                if count == n or not member.name.endswith(".jpg"):
                    continue
                small = Image.open(io.BytesIO(opened.extractfile(member).read())).convert("RGB")
                scale = 640 / max(small.size)
                large = small.resize(
                    (round(small.width * scale), round(small.height * scale)), Image.Resampling.BICUBIC
                )
                large.save(into / f"{count:05}.jpg", quality=90)
                count += 1
    if count < n:
        raise SystemExit(f"{data} has {count} photographs of {n}; set SIGHTLINE_DATA")


def icons(into, n):
    """5 n of them: every icon in another colour, on white."""
    from PIL import Image

    from sightline.data.decode.picture import decode
    from sightline.data.sources.source import open_source

    source, draw = open_source("icons"), np.random.default_rng(0)
    for number in range(5 * n):
        pixels = Image.fromarray(decode(source[number % len(source)].image, 64)).convert("RGBA").resize((64, 64))
        canvas = Image.new("RGB", (64, 64), (255, 255, 255))
        canvas.paste(
            Image.new("RGB", (64, 64), tuple(draw.integers(0, 200, 3).tolist())), (0, 0), pixels.getchannel("A")
        )
        canvas.save(into / f"{number:05}.png")


def open_clip_model(case):
    import open_clip as peer

    c = CASES[case]
    return peer.model.CLIP(
        JOINT,
        vision_cfg={
            "image_size": c["size"],
            "patch_size": c["patch"],
            "width": c["width"],
            "layers": c["layers"],
            "head_width": c["width"] // c["heads"],
        },
        text_cfg={"context_length": TEXT["length"], "vocab_size": TEXT["vocab"], "width": 64, "heads": 1, "layers": 1},
    )


def save_model(into, case):
    """One set of random weights in transformers' layout (which sightline and sentence-transformers read) and
    open_clip's; a tiny text tower beside it, which is not used."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast

    c, size = CASES[case], CASES[case]["size"]
    torch.manual_seed(0)
    config = CLIPConfig(
        projection_dim=JOINT,
        vision_config={
            "hidden_size": c["width"],
            "intermediate_size": 4 * c["width"],
            "num_hidden_layers": c["layers"],
            "num_attention_heads": c["heads"],
            "image_size": size,
            "patch_size": c["patch"],
            "hidden_act": "gelu",
            "projection_dim": JOINT,
        },
        text_config={
            "vocab_size": TEXT["vocab"],
            "hidden_size": 64,
            "intermediate_size": 256,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "hidden_act": "gelu",
            "projection_dim": JOINT,
            "eos_token_id": 511,
            "bos_token_id": 510,
            "pad_token_id": 511,
        },
    )
    model = CLIPModel(config).eval()
    for name, value in model.named_parameters():
        if value.ndim == 1 or "embedding" in name:
            torch.nn.init.normal_(value, float(name.endswith("norm.weight") or ".layer_norm" in name), 0.02)
        elif value.ndim == 2:
            torch.nn.init.normal_(value, 0.0, value.shape[1] ** -0.5)
    model.save_pretrained(into)
    processor = CLIPImageProcessor(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    words = {f"w{i}": i for i in range(510)} | {"<|startoftext|>": 510, "<|endoftext|>": 511}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="w0")),
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        unk_token="w0",
        model_max_length=77,
    )
    CLIPProcessor(processor, tokenizer).save_pretrained(into)
    tokenizer.save_pretrained(into)
    processor.save_pretrained(into)
    peer = open_clip_model(case)
    state = peer.state_dict() | visual(model.state_dict(), c["layers"])
    peer.load_state_dict(state)
    torch.save(state, into / "open_clip.pt")


def visual(theirs, layers):
    """The vision tower of transformers under open_clip's names."""
    import torch

    v = {
        name.removeprefix("vision_model."): value for name, value in theirs.items() if name.startswith("vision_model.")
    }
    names = {
        "class_embedding": v["embeddings.class_embedding"],
        "conv1.weight": v["embeddings.patch_embedding.weight"],
        "positional_embedding": v["embeddings.position_embedding.weight"],
        "proj": theirs["visual_projection.weight"].T.contiguous(),
    }
    for mine, his in (("ln_pre", "pre_layrnorm"), ("ln_post", "post_layernorm")):
        names |= {f"{mine}.{part}": v[f"{his}.{part}"] for part in ("weight", "bias")}
    pairs = {"attn.out_proj": "self_attn.out_proj", "ln_1": "layer_norm1", "ln_2": "layer_norm2"}
    pairs |= {"mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    for i in range(layers):
        to, of = f"transformer.resblocks.{i}", f"encoder.layers.{i}"
        for part in ("weight", "bias"):
            names |= {f"{to}.{mine}.{part}": v[f"{of}.{his}.{part}"] for mine, his in pairs.items()}
            names[f"{to}.attn.in_proj_{part}"] = torch.cat([v[f"{of}.self_attn.{x}_proj.{part}"] for x in "qkv"])
    return {f"visual.{name}": value for name, value in names.items()}


if __name__ == "__main__":
    main()
