"""BERT's masking: what is chosen, what stands there instead, what the loss is over; parity with transformers."""

import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForMaskedLM

from sightline.losses.words import masked_words
from sightline.methods.text.mlm import MLM, Config, hide
from sightline.recipes.find import find, train
from sightline.towers.spec import BagSpec, BertTextSpec, Causal, Full, TransformerTextSpec, WordHeadSpec

VOCAB, PAD, END = 30, 0, 1
TEXT = BertTextSpec(vocab=VOCAB, length=6, dim=8, depth=2, heads=2, mlp=12, pad=PAD)
HEAD = WordHeadSpec(vocab=VOCAB, dim=8, pad=PAD, end=END)
IDS = torch.tensor([[5, 9, 4, 17, END, PAD], [3, END, PAD, PAD, PAD, PAD], [8, 8, 21, 2, 29, END]])


def randomised(module):
    torch.manual_seed(0)
    for value in module.parameters():
        torch.nn.init.normal_(value, std=0.3)
    return module


def method(**numbers):
    return randomised(MLM(TEXT.build(), HEAD.build(), Config(**numbers)))


def test_shares_are_the_papers_and_specials_are_never_chosen():
    texts, length = 20_000, 12
    torch.manual_seed(0)
    ids = torch.randint(2, VOCAB, (texts, length))
    ids[:, 9], ids[:, 10:] = END, PAD
    seen, covered, chosen = hide(ids, torch.rand(texts, length, 3), Config(), VOCAB, (PAD, END))
    words = texts * 9
    assert not chosen[:, 9:].any() and torch.equal(seen[~chosen], ids[~chosen]) and not (covered & ~chosen).any()
    count = int(chosen.sum())
    assert abs(count - 0.15 * words) < 4 * math.sqrt(words * 0.15 * 0.85)
    exchanged = chosen & ~covered & (seen != ids)
    same = chosen & ~covered & (seen == ids)
    lucky = 0.1 / (VOCAB - 2)  # the random word is the word itself
    for found, share in ((covered, 0.8), (exchanged, 0.1 - lucky), (same, 0.1 + lucky)):
        assert abs(int(found.sum()) - share * count) < 4 * math.sqrt(count * share * (1 - share))
    drawn = seen[exchanged].bincount(minlength=VOCAB)
    assert drawn[[PAD, END]].sum() == 0
    expected = int(exchanged.sum()) / (VOCAB - 2)
    assert (drawn[2:] - expected).abs().max() < 5 * math.sqrt(expected)


def test_the_random_word_is_uniform_whatever_ids_are_special():
    draws = torch.zeros(1, 6, 3)
    draws[..., 1], draws[..., 2] = 0.85, (torch.arange(6) + 0.5) / 6
    seen, _, _ = hide(torch.full((1, 6), 4), draws, Config(), 9, (3, 0, 8))
    assert seen.tolist() == [[1, 2, 4, 5, 6, 7]]


def test_the_loss_is_that_of_transformers_bert_on_the_same_logits():
    torch.manual_seed(0)
    logits = torch.randn(3, 6, VOCAB, requires_grad=True)
    chosen = torch.rand(3, 6) < 0.4
    small = dict(vocab_size=VOCAB, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    peer = BertForMaskedLM(BertConfig(**small))
    peer.cls = torch.nn.Module()
    peer.cls.forward = lambda hidden: logits
    theirs = peer(input_ids=IDS, labels=IDS.masked_fill(~chosen, -100)).loss
    ours = masked_words(logits[chosen], IDS[chosen])
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(torch.autograd.grad(ours, logits), torch.autograd.grad(theirs, logits), strict=True):
        torch.testing.assert_close(mine, other)
        assert not mine[~chosen].any() and mine[chosen].abs().sum(-1).min() > 0


def test_tower_and_head_are_transformers_bert_at_the_same_weights():
    ours = method()
    peer = BertForMaskedLM(
        BertConfig(
            vocab_size=VOCAB,
            hidden_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=12,
            max_position_embeddings=6,
            type_vocab_size=1,
            pad_token_id=PAD,
        )
    ).eval()
    text, head = ours.text, ours.head

    def both(name, part):
        return {f"{name}.weight": part.weight, f"{name}.bias": part.bias}

    state = {
        "bert.embeddings.word_embeddings.weight": text.embed.weight,
        "bert.embeddings.position_embeddings.weight": text.position,
        "bert.embeddings.token_type_embeddings.weight": torch.zeros(1, 8),
        "cls.predictions.bias": head.bias,
        "cls.predictions.decoder.bias": head.bias,
        "cls.predictions.decoder.weight": text.embed.weight,
    }
    state |= both("bert.embeddings.LayerNorm", text.norm)
    state |= both("cls.predictions.transform.dense", head.fc) | both("cls.predictions.transform.LayerNorm", head.norm)
    for number, block in enumerate(text.stack.blocks):
        at = f"bert.encoder.layer.{number}"
        for name, weight, bias in zip(
            ("query", "key", "value"), block.attn.qkv.weight.chunk(3), block.attn.qkv.bias.chunk(3), strict=True
        ):
            state |= {f"{at}.attention.self.{name}.weight": weight, f"{at}.attention.self.{name}.bias": bias}
        state |= both(f"{at}.attention.output.dense", block.attn.proj)
        state |= both(f"{at}.attention.output.LayerNorm", block.norm1)
        state |= both(f"{at}.intermediate.dense", block.mlp.fc1) | both(f"{at}.output.dense", block.mlp.fc2)
        state |= both(f"{at}.output.LayerNorm", block.norm2)
    peer.load_state_dict(state)
    theirs = peer(input_ids=IDS, attention_mask=(IDS != PAD).long()).logits
    table = text.embed.weight
    mine = head(text.tokens(IDS, table[IDS]).flatten(0, 1), table).view(3, 6, VOCAB)
    torch.testing.assert_close(mine[IDS != PAD], theirs[IDS != PAD], rtol=1e-4, atol=1e-5)


def test_a_step_costs_what_its_parts_cost_when_they_are_done_by_hand():
    ours = method(chosen=0.5)
    torch.manual_seed(3)
    loss = ours({"tokens": IDS})["words"]
    torch.manual_seed(3)
    seen, covered, chosen = hide(IDS, torch.rand(3, 6, 3), ours.config, VOCAB, (PAD, END))
    assert int(chosen.sum()) > 2
    words = ours.text.embed.weight[seen].clone()
    words[covered] = ours.head.cover
    terms = []
    for i, k in chosen.nonzero().tolist():
        x = ours.text.tokens(IDS[i : i + 1], words[i : i + 1])[0, k]
        terms.append(-ours.head(x[None], ours.text.embed.weight)[0].log_softmax(-1)[IDS[i, k]])
    torch.testing.assert_close(loss, sum(terms) / len(terms), rtol=1e-5, atol=1e-6)


def test_nothing_chosen_costs_nothing():
    loss = method(chosen=1e-9)({"tokens": IDS})["words"]
    loss.backward()
    assert float(loss.detach()) == 0


def test_towers_that_show_one_side_or_no_words_are_refused():
    numbers = dict(vocab=VOCAB, length=6, dim=8, depth=1, heads=2)
    MLM(TransformerTextSpec(**numbers, reading=Full()).build(), HEAD.build())
    for spec in (TransformerTextSpec(**numbers, reading=Causal()), BagSpec(vocab=VOCAB, length=6, dim=8)):
        with pytest.raises(ValueError, match=r"words on both of its sides.*take a BertTextSpec"):
            MLM(spec.build(), HEAD.build())
    with pytest.raises(ValueError, match=r"covered=0\.9 and random=0\.2"):
        Config(covered=0.9, random=0.2)
    with pytest.raises(ValueError, match="chosen=0"):
        Config(chosen=0)


def test_its_run_is_the_start_of_clips_text_tower(tmp_path):
    quick = dict(device="cpu", quiet=True, export=False)
    train("mlm.tiny", out=tmp_path / "words", overrides=["steps=2"], **quick)
    still = ["steps=1", "batch=8", "optim.lr=1e-60"]
    start = [f"text={tmp_path / 'words'}"]
    train("clip.tiny", out=tmp_path / "clip", init=start, overrides=still, data="icons?n=24", **quick)
    words, clip = (load_file(tmp_path / name / "model.safetensors") for name in ("words", "clip"))
    taken = [name for name in words if name.startswith("text.")]
    assert taken and all(torch.equal(words[name], clip[name]) for name in taken)
    assert (tmp_path / "words/tokenizer.json").read_text() == (tmp_path / "clip/tokenizer.json").read_text()


def test_the_papers_size_is_bert_base():
    recipe = find("mlm.base")
    tower = replace(recipe.parts.text, vocab=30_522)
    with torch.device("meta"):
        text = tower.build()
    numbers = sum(value.numel() for value in text.parameters())
    # BertModel.from_pretrained("bert-base-uncased") without its pooler, and without one of its two segments
    assert numbers == 109_482_240 - (768 * 768 + 768) - 2 * 768
