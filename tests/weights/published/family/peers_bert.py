"""transformers' BERT and ELECTRA, random weights, saved as transformers and as sentence-transformers do: more of
`peers.CASES`.
"""

import json
from pathlib import Path

import torch
from peers import SMALL, apart, case, quiet, randomise
from torch import Tensor

import sightline

TEXT = SMALL | dict(vocab_size=60, max_position_embeddings=12, pad_token_id=0)


def bert_ids(count: int = 4, length: int = 12) -> Tensor:
    """Texts of several lengths, the last one full; padding is 0."""
    ids = torch.randint(1, 60, (count, length), generator=torch.Generator().manual_seed(8))
    for row in range(count - 1):
        ids[row, 3 + 2 * row :] = 0
    return ids


def bert(folder: Path, kind: str = "BertModel", **settings) -> torch.nn.Module:
    """A peer with every weight drawn anew, in `folder` by its own saver."""
    import transformers

    quiet()
    made = getattr(transformers, kind)
    peer = randomise(made(made.config_class(**(TEXT | settings))))
    peer.save_pretrained(folder)
    return peer


def sentence_files(folder: Path, pooling: str | list[str] = "mean", inner: str = "", **more) -> None:
    """What sentence-transformers writes beside the transformer in `folder / inner`; `pooling` "cls_token" and the like
    as its older versions name them, `more` further files by name."""
    steps = {"Transformer": inner, "Pooling": "1_Pooling", "Normalize": "2_Normalize"}
    listed = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(steps.items())
    ]
    said = {"word_embedding_dimension": 64}
    named = [pooling] if isinstance(pooling, str) else pooling
    if all(name.endswith(("token", "tokens")) for name in named):
        said |= {f"pooling_mode_{name}": name in named for name in ("cls_token", "mean_tokens", "max_tokens")}
    else:
        said |= {"pooling_mode": pooling}
    files = {"modules.json": listed, "1_Pooling/config.json": said} | {f"{name}.json": x for name, x in more.items()}
    for name, values in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def pooled(peer: torch.nn.Module, ids: Tensor, pooling: str) -> Tensor:
    """As sentence-transformers pools: the first token, or the mean of those that are no padding."""
    real = (ids != 0).long()
    with torch.no_grad():
        tokens = peer(ids, attention_mask=real).last_hidden_state
    if pooling == "cls":
        return tokens[:, 0]
    return (tokens * real[..., None]).sum(1) / real.sum(1, keepdim=True).clamp(min=1e-9)


@case("BERT", "transformers BertModel, mean")
def bert_mean(folder: Path) -> dict[str, float]:
    peer, ids = bert(folder), bert_ids()
    sentence_files(folder, "mean_tokens")
    return {"text": apart(pooled(peer, ids, "mean"), sightline.load(folder, device="cpu").encode_text(ids))}


@case("BERT", "transformers BertModel, first token, tanh GELU, one segment")
def bert_first(folder: Path) -> dict[str, float]:
    peer, ids = bert(folder, hidden_act="gelu_new", type_vocab_size=1, layer_norm_eps=1e-5), bert_ids()
    sentence_files(folder, "cls")
    return {"text": apart(pooled(peer, ids, "cls"), sightline.load(folder, device="cpu").encode_text(ids))}


@case("BERT", "transformers BertForPreTraining, its trunk")
def bert_pretrained(folder: Path) -> dict[str, float]:
    peer, ids = bert(folder, "BertForPreTraining"), bert_ids()
    return {"text": apart(pooled(peer.bert, ids, "mean"), sightline.load(folder, device="cpu").encode_text(ids))}


@case("ELECTRA", "transformers ElectraModel, narrower words")
def electra(folder: Path) -> dict[str, float]:
    peer, ids = bert(folder, "ElectraModel", embedding_size=24), bert_ids()
    return {"text": apart(pooled(peer, ids, "mean"), sightline.load(folder, device="cpu").encode_text(ids))}


@case("ELECTRA", "transformers ElectraForPreTraining, its trunk")
def electra_pretrained(folder: Path) -> dict[str, float]:
    peer, ids = bert(folder, "ElectraForPreTraining", embedding_size=64), bert_ids()
    return {"text": apart(pooled(peer.electra, ids, "mean"), sightline.load(folder, device="cpu").encode_text(ids))}
