from math import log

import open_clip
import pytest
import torch
from transformers.loss.loss_utils import ForCausalLMLoss

from sightline.losses.caption import caption_loss, up_to_end

END, PAD = 1, 0


def texts(count=5, length=7, vocab=11, seed=0):
    """Logits and ids: texts of 1 to `length` tokens, their end among them, padded with 0."""
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, length, vocab, generator=rng, dtype=torch.float64)
    ids = torch.randint(2, vocab, (count, length), generator=rng)
    for row, ids_of_row in enumerate(ids):
        last = row % length
        ids_of_row[last], ids_of_row[last + 1 :] = END, PAD
    return logits.requires_grad_(), ids


def test_it_equals_a_double_loop_in_float64():
    logits, ids = texts()
    found = caption_loss(logits, ids, up_to_end(ids, END))
    for i, row in enumerate(ids.tolist()):
        tokens = row[: row.index(END) + 1]
        terms = [-torch.log(logits[i, k].exp()[token] / logits[i, k].exp().sum()) for k, token in enumerate(tokens)]
        torch.testing.assert_close(found[i], sum(terms) / len(tokens), rtol=1e-12, atol=1e-12)


def test_weighted_by_its_tokens_it_is_the_loss_of_open_clips_coca_and_of_transformers():
    logits, ids = texts(seed=1)
    logits = logits.detach().float().requires_grad_()
    told = up_to_end(ids, END)
    ours = (caption_loss(logits, ids, told) * told.sum(1)).sum() / told.sum()
    _, coca = open_clip.CoCaLoss(1.0, 0, pad_id=PAD)(None, None, logits, ids, None)
    labels = ids.masked_fill(~told, -100)
    theirs = ForCausalLMLoss(logits, None, logits.shape[-1], shift_labels=labels)
    (mine,) = torch.autograd.grad(ours, logits)
    for peer in (coca, theirs):
        torch.testing.assert_close(ours, peer, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(mine, torch.autograd.grad(peer, logits)[0], rtol=1e-6, atol=1e-7)


def test_padding_costs_nothing_whatever_it_is_even_where_it_is_the_end_token_again():
    logits, ids = texts()
    told = up_to_end(ids, END)
    sticky = torch.where(told, ids, END)
    assert torch.equal(up_to_end(sticky, END), told)
    (mine,) = torch.autograd.grad(caption_loss(logits, sticky, told).sum(), logits)
    assert not mine[~told].any() and mine[told].any(1).all()


def test_a_text_without_an_end_is_learnt_whole_and_one_without_tokens_costs_nothing():
    ids = torch.tensor([[4, 5, 6], [4, END, PAD]])
    assert up_to_end(ids, END).tolist() == [[True] * 3, [True, True, False]]
    none = torch.zeros(2, 3, dtype=torch.bool)
    assert caption_loss(torch.randn(2, 3, 8), ids, none).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_equal_logits_cost_the_logarithm_of_the_vocabulary(dtype):
    _, ids = texts()
    found = caption_loss(torch.zeros(5, 7, 11, dtype=dtype), ids, up_to_end(ids, END))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.full((5,), log(11)))
