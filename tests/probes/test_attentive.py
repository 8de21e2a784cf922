import numpy as np
import pytest
import torch

from sightline.probes.attentive import AttentiveProbe, Reader, heads_of


def found_somewhere(n=240, tokens=9, width=16, seed=0):
    """One of the tokens, anywhere, says the class; the others are noise, and their mean hides it."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    rows = rng.normal(size=(n, tokens, width))
    rows[np.arange(n), rng.integers(0, tokens, n)] = 4 * np.eye(3, width)[labels]
    return rows.astype(np.float32), labels


def test_the_output_equals_attention_by_hand():
    torch.manual_seed(0)
    reader, tokens = Reader(8, 2, 3).double(), torch.randn(4, 5, 8, dtype=torch.float64)
    x = reader.norm(tokens)
    keys, values = reader.attention.kv(x).chunk(2, dim=-1)
    query, seen = reader.attention.q(reader.query)[0, 0], torch.zeros(4, 8, dtype=torch.float64)
    for b in range(4):
        for h in range(2):
            part = slice(4 * h, 4 * h + 4)
            weights = torch.stack([query[part] @ keys[b, t, part] / 2 for t in range(5)]).softmax(0)
            seen[b, part] = sum(weights[t] * values[b, t, part] for t in range(5))
    torch.testing.assert_close(reader(tokens), reader.classes(reader.attention.proj(seen)))


def test_what_one_token_says_is_found_wherever_it_stands():
    tokens, labels = found_somewhere()
    probe = AttentiveProbe(epochs=60, rate=3e-3).fit(tokens[:160], labels[:160])
    assert probe.score(tokens[160:], labels[160:]) > 0.8
    assert probe.losses_[-1] < probe.losses_[0]


def test_the_order_of_tokens_changes_nothing():
    tokens, labels = found_somewhere(n=40)
    probe = AttentiveProbe(epochs=2).fit(tokens, labels)
    np.testing.assert_allclose(probe.logits(tokens), probe.logits(tokens[:, ::-1].copy()), atol=1e-5)


def test_a_seed_gives_the_same_weights_and_leaves_the_callers_generator_alone():
    tokens, labels = found_somewhere(n=40)
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    first, again = (AttentiveProbe(epochs=2, seed=3).fit(tokens, labels).logits(tokens) for _ in range(2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert (first == again).all()
    assert (first != AttentiveProbe(epochs=2, seed=4).fit(tokens, labels).logits(tokens)).any()


def test_the_number_of_parameters_is_the_one_of_the_formula():
    tokens, labels = found_somewhere(n=20)
    # norm 2 d, query d, q d^2 + d, k and v 2 d^2 + 2 d, projection d^2 + d, classes k d + k
    assert AttentiveProbe(epochs=1).fit(tokens, labels).parameters_ == 4 * 16**2 + 7 * 16 + 3 * 16 + 3


def test_unlabelled_pictures_play_no_part_and_classes_keep_their_numbers():
    tokens, labels = found_somewhere(n=60)
    more = np.concatenate([tokens, np.full((5, 9, 16), 50, np.float32)])
    probe = AttentiveProbe(epochs=2).fit(more, [*(7 * labels + 2), *[-1] * 5])
    plain = AttentiveProbe(epochs=2).fit(tokens, labels)
    assert probe.classes_.tolist() == [2, 9, 16]
    assert (probe.logits(tokens) == plain.logits(tokens)).all()
    assert probe.score(more, [*(7 * labels + 2), *[-1] * 5]) == plain.score(tokens, labels)


def test_heads_follow_the_width():
    assert [heads_of(width) for width in (128, 96, 50, 64)] == [2, 3, 1, 1]


def test_what_cannot_be_fitted_is_refused():
    tokens, labels = found_somewhere(n=20)
    with pytest.raises(ValueError, match="20 pictures came with 19 labels"):
        AttentiveProbe().fit(tokens, labels[1:])
    with pytest.raises(ValueError, match="at least two classes, got"):
        AttentiveProbe().fit(tokens, np.zeros(20, int))
    with pytest.raises(ValueError, match=r"shape \(20, 16\)"):
        AttentiveProbe().fit(tokens[:, 0], labels)
    with pytest.raises(ValueError, match=r"shape \(20, 0, 16\)"):
        AttentiveProbe().fit(tokens[:, :0], labels)
    with pytest.raises(ValueError, match="1 of 20 pictures are not finite, the first is 2"):
        AttentiveProbe().fit(np.where(np.arange(20)[:, None, None] == 2, np.inf, tokens), labels)
    with pytest.raises(ValueError, match="cannot have 3 heads"):
        AttentiveProbe(3).fit(tokens, labels)
    with pytest.raises(ValueError, match="epochs at least 1"):
        AttentiveProbe(epochs=0)
