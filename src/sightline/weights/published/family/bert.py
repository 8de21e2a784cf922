"""BERT as transformers writes it (Devlin et al. 2018) and sentence-transformers pools it: MiniLM, E5, BGE, GTE.

Texts alone. ELECTRA (Clark et al. 2020) has the same layers behind word vectors of another width.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sightline.text.published import PublishedTokenizer, read_vocabulary
from sightline.text.word_pieces import lowered, normal, sentence, word_pieces
from sightline.towers.spec import BertTextSpec, Norm
from sightline.weights.published.family.protocol import Config, Shapes, Towers
from sightline.weights.published.files import read_object
from sightline.weights.published.keymap import Ignore, Join, Rename, Rule, SegmentPosition
from sightline.weights.published.layouts import sentence as beside
from sightline.weights.published.layouts.layout import VALUES, activation, is_a, merged, sizes

if TYPE_CHECKING:
    import tokenizers

NAME = "bert"
TYPES = ("bert", "electra")

BERT = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
    "position_embedding_type": "absolute",
    "is_decoder": False,
}
ELECTRA = BERT | {"hidden_size": 256, "embedding_size": 128, "num_attention_heads": 4, "intermediate_size": 1024}
"""The defaults of transformers' config classes: published files leave out what equals them"""
LAYERS = {
    "attention.output.dense": "attn.proj",
    "attention.output.LayerNorm": "norm1",
    "intermediate.dense": "mlp.fc1",
    "output.dense": "mlp.fc2",
    "output.LayerNorm": "norm2",
}
"""transformers' names inside a block and ours"""
UNREAD = ("*position_ids", "pooler.*", "bert.pooler.*", "cls.*", "generator_predictions.*", "generator_lm_head.*")
UNREAD += ("discriminator_predictions.*",)
"""what a sentence encoder does not read: the pooler and the heads of pretraining"""
SPECIAL = {"unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "pad": "[PAD]", "mask": "[MASK]"}
TOKENS = ("tokenizer_config.json", "special_tokens_map.json")
"""files that name the special tokens, best first"""


def matches(config: Config, shapes: Shapes) -> bool:
    return is_a(config, *TYPES)


def spec(config: Config, shapes: Shapes) -> Towers:
    c = merged(ELECTRA if is_a(config, "electra") else BERT, config)
    if c["position_embedding_type"] != "absolute":
        raise ValueError(f"position_embedding_type is {c['position_embedding_type']!r}; our tower's is 'absolute'")
    if c["is_decoder"]:
        raise ValueError("is_decoder is true: texts are read from left to right; our tower reads them whole")
    steps = config.get("modules") or []
    width = c.get("embedding_size", c["hidden_size"])
    text = BertTextSpec(
        vocab=c["vocab_size"],
        length=c["max_position_embeddings"],
        **sizes(c),
        embed=0 if width == c["hidden_size"] else width,
        pad=c["pad_token_id"] or 0,
        pool=beside.pooling(steps),
        norm=Norm(eps=c["layer_norm_eps"]),
        act=activation(c["hidden_act"]),
    )
    note = f"no {beside.MODULES} says how {NAME}'s tokens become one vector: their mean is taken"
    return Towers(image=None, text=text, dim=text.dim, notes=() if steps else (note,))


def rules(towers: Towers, shapes: Shapes) -> list[Rule]:
    spec = towers.text
    if not isinstance(spec, BertTextSpec):
        raise ValueError("a BERT of transformers is a BERT: another text tower has no place in it")
    prefix = next((name for name in ("bert.", "electra.") if any(key.startswith(name) for key in shapes)), "")
    table = f"{prefix}embeddings.token_type_embeddings.weight"
    segments = SegmentPosition(
        table,
        f"{prefix}embeddings.position_embeddings.weight",
        "text.position",
        segments=shapes[table][0] if table in shapes else 2,
    )
    # BERT's first files call the two values of a norm as TensorFlow does
    tensorflow = f"{prefix}embeddings.LayerNorm.gamma" in shapes
    found: list[Rule] = [Ignore(pattern) for pattern in UNREAD]
    found += [Rename(f"{prefix}embeddings.word_embeddings.weight", "text.embed.weight"), segments]
    found += _layer(f"{prefix}embeddings.LayerNorm", "text.norm", tensorflow)
    if spec.embed:
        found += _layer(f"{prefix}embeddings_project", "text.widen", False)
    for i in range(spec.depth):
        they, we = f"{prefix}encoder.layer.{i}", f"text.stack.blocks.{i}"
        for value in VALUES:
            parts = tuple(f"{they}.attention.self.{part}.{value}" for part in ("query", "key", "value"))
            found.append(Join(parts, f"{we}.attn.qkv.{value}"))
        for their, our in LAYERS.items():
            found += _layer(f"{they}.{their}", f"{we}.{our}", tensorflow)
    return found


def preprocess(towers: Towers, folder: Path, config: Config) -> None:
    return None


def tokenizer(towers: Towers, folder: Path, config: Config) -> PublishedTokenizer | None:
    names = _special(folder)
    inner = _vocabulary(folder, names)
    if inner is None or not isinstance(towers.text, BertTextSpec):
        return None
    if beside.lowers(folder):
        inner = lowered(inner)
    length = beside.length(folder, towers.text.length)
    return sentence(inner, length=length, pad=names["pad"], prompt=beside.prompt(folder))


def _layer(theirs: str, ours: str, tensorflow: bool) -> list[Rule]:
    values = {"weight": "gamma", "bias": "beta"} if tensorflow and theirs.endswith("LayerNorm") else {}
    return [Rename(f"{theirs}.{values.get(value, value)}", f"{ours}.{value}") for value in VALUES]


def _vocabulary(folder: Path, names: Mapping[str, str]) -> "tokenizers.Tokenizer | None":
    """tokenizer.json, else vocab.txt; None without either. BERT's own rules for letters follow tokenizer_config.json,
    as in transformers, which lets it overrule tokenizer.json."""
    path = folder / TOKENS[0]
    said = read_object(path) if path.is_file() else {}
    rules = {
        "lower": said.get("do_lower_case", True),
        "accents": said.get("strip_accents"),
        "chinese": said.get("tokenize_chinese_chars", True),
    }
    words = folder / "vocab.txt"
    if (folder / "tokenizer.json").is_file() or not words.is_file():
        inner = read_vocabulary(folder)
        own = str(said.get("tokenizer_class", "")).startswith(("Bert", "Electra"))
        return normal(inner, **rules) if inner is not None and own else inner
    pieces = words.read_text(encoding="utf-8").split("\n")
    pieces = pieces[:-1] if pieces[-1] == "" else pieces
    made = word_pieces(pieces, tuple(names.values()), unknown=names["unk"], start=names["cls"], end=names["sep"])
    return normal(made, **rules)


def _special(folder: Path) -> dict[str, str]:
    """The special tokens by what they are for."""
    files = [read_object(folder / name) for name in TOKENS if (folder / name).is_file()]
    return {
        use: next((found for said in files if (found := _name(said.get(f"{use}_token")))), token)
        for use, token in SPECIAL.items()
    }


def _name(token: Any) -> str | None:
    token = token.get("content") if isinstance(token, Mapping) else token
    return token if isinstance(token, str) else None
