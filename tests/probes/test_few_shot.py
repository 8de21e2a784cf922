"""Few-shot accuracy: chance, a bound, the loop written out, and what is refused."""

import numpy as np
import pytest

from sightline.data.feed.by_class import ByClass
from sightline.data.feed.labelled import Episodes
from sightline.probes.few_shot import few_shot, nearest_class

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(12), 9)


def test_vectors_that_tell_classes_apart_are_right_and_vectors_of_chance_are_not():
    order = Episodes(ways=5, shots=1, queries=3)
    perfect = few_shot(np.eye(12)[LABELS], LABELS, order, episodes=50)
    assert perfect.mean == 1 and perfect.half == 0 and perfect.chance == 0.2
    random = few_shot(RNG.normal(size=(len(LABELS), 8)), LABELS, order, episodes=600)
    assert abs(random.mean - 0.2) < 3 * random.half


@pytest.mark.parametrize("near", ["euclidean", "cosine"])
def test_it_is_the_loop_over_episodes_queries_and_class_means(near):
    vectors, order = RNG.normal(size=(len(LABELS), 4)) + LABELS[:, None] / 6, Episodes(ways=4, shots=3, queries=2)
    found = few_shot(vectors, LABELS, order, near=near, episodes=20, seed=3)
    rows = ByClass(order, LABELS).look_up(len(LABELS), 3, np.arange(20 * order.size)).reshape(20, order.size)
    for value, episode in zip(found.values, rows, strict=True):
        right = 0
        for q, query in enumerate(episode[12:]):
            scores = []
            for k in range(4):
                shots = vectors[episode[3 * k : 3 * k + 3]]
                if near == "cosine":
                    centre = (shots / np.linalg.norm(shots, axis=1, keepdims=True)).mean(0)
                    z = vectors[query]
                    scores.append(z @ centre / np.linalg.norm(z) / np.linalg.norm(centre))
                else:
                    scores.append(-np.square(vectors[query] - shots.mean(0)).sum())
            right += int(np.argmax(scores)) == q // 2
        assert value == right / 8
    assert found.half == pytest.approx(1.96 * found.values.std(ddof=1) / 20**0.5)


def test_with_one_shot_and_unit_vectors_both_distances_are_the_nearest_neighbour():
    z, c = RNG.normal(size=(30, 5)), RNG.normal(size=(7, 5))
    z, c = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (z, c))
    brute = np.array([np.argmin([np.linalg.norm(q - k) for k in c]) for q in z])
    assert np.array_equal(nearest_class(z, c, "cosine"), brute)
    assert np.array_equal(nearest_class(z, c, "euclidean"), brute)


def test_more_ways_than_classes_and_a_single_episode_are_refused():
    with pytest.raises(ValueError, match="takes 20 classes of 6 or more samples, and the test set has 12"):
        few_shot(np.eye(12)[LABELS], LABELS, Episodes(ways=20, shots=1, queries=5))
    with pytest.raises(ValueError, match="at least 2 episodes, got 1"):
        few_shot(np.eye(12)[LABELS], LABELS, Episodes(ways=5, shots=1, queries=5), episodes=1)
