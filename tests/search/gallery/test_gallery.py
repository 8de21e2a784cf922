import os

import numpy as np
import pytest

from sightline.data.sources.source import open_source
from sightline.search.gallery.enrol import empty_folders, enrol
from sightline.search.gallery.gallery import Gallery, read_gallery
from sightline.search.gallery.recognise import Score, recognise
from sightline.search.gallery.unseen import Unseen, without_examples
from sightline.search.index import Index

RNG = np.random.default_rng(2)


@pytest.fixture
def people(tmp_path, painted):
    """Three of one colour each, two pictures of each."""
    for number, colour in enumerate(("red", "green", "blue")):
        for n in range(2):
            painted(tmp_path / "team" / colour / f"{n}.png", colour, shade=10 * number + n)
    return tmp_path / "team"


@pytest.fixture
def gallery(tmp_path, people, encoder):
    with Index(tmp_path / "team.db") as index:
        enrol(index, open_source(str(people)), encoder)
    return tmp_path / "team.db"


def random_gallery(tmp_path, sizes, d=5):
    vectors = RNG.normal(size=(sum(sizes), d)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Gallery(tmp_path, tuple("abcdefgh"[: len(sizes)]), np.repeat(np.arange(len(sizes)), sizes), vectors)


def test_a_gallery_is_an_index_that_knows_who_is_who(gallery, encoder):
    found = read_gallery(gallery)
    assert found.names == ("blue", "green", "red") and found.others == 0
    assert [found.names[label] for label in found.label] == ["blue"] * 2 + ["green"] * 2 + ["red"] * 2
    with Index(gallery) as index:
        assert index.search_image(read_first(gallery), encoder, k=1)[0].score == pytest.approx(1)


def read_first(gallery):
    return gallery.parent / "team" / "red" / "0.png"


def test_prototypes_are_unit_means_and_scores_cosines(tmp_path):
    found = random_gallery(tmp_path, [3, 1, 4])
    for k, name in enumerate(found.names):
        mean = sum(found.vectors[i] for i in range(8) if found.names[found.label[i]] == name)
        assert np.allclose(found.prototypes[k], mean / np.linalg.norm(mean), atol=1e-6)
    query = RNG.normal(size=(4, 5)).astype(np.float32)
    assert np.allclose(found.scores(query), query @ found.prototypes.T, atol=1e-6)


@pytest.mark.parametrize("far", [0.05, 0.2, 0.5])
def test_the_threshold_is_that_of_a_naive_loop_that_leaves_one_identity_out(tmp_path, far):
    found = random_gallery(tmp_path, [3, 1, 4, 2, 6, 5])
    impostors, right = [], []
    for i, vector in enumerate(found.vectors):
        best = {}
        for k in range(6):
            mine = [j for j in range(21) if found.label[j] == k and j != i]
            if mine:
                mean = found.vectors[mine].astype(np.float64).sum(0)
                best[k] = float(vector @ mean / np.linalg.norm(mean))
        own = best.pop(int(found.label[i]), None)
        impostors.append(max(best.values()))
        right.append(own)
    limit = found.limit(far)
    reach = np.array(impostors) > limit.threshold + 1e-6
    assert limit.impostors == 21 and limit.estimate == pytest.approx(reach.mean()) and limit.estimate <= far
    assert limit.threshold == pytest.approx(sorted(impostors)[::-1][int(far * 21)], abs=1e-6)
    judged = [own >= limit.threshold and own > worst for own, worst in zip(right, impostors, strict=True) if own]
    assert limit.accepted == pytest.approx(np.mean(judged))


def test_a_gallery_too_small_for_its_rate_says_so_and_accepts_no_impostor(tmp_path):
    limit = random_gallery(tmp_path, [2, 2, 2]).limit(0.01)
    assert limit.small and limit.needed == 100 and limit.impostors == 6 and limit.estimate == 0
    assert not random_gallery(tmp_path, [50, 50]).limit(0.01).small


def test_single_pictures_leave_unknown_how_often_they_are_accepted(tmp_path):
    assert random_gallery(tmp_path, [1, 1, 1]).limit(0.5).accepted is None


def test_the_enrolled_are_recognised_and_strangers_rejected(gallery, encoder, tmp_path, painted):
    painted(tmp_path / "door" / "red" / "new.png", "red", shade=77)
    painted(tmp_path / "door" / "white" / "new.png", "white", shade=78)
    known, source = read_gallery(gallery), open_source(str(tmp_path / "door"))
    seen = {one.truth: one for one in recognise(known, encoder, source, threshold=0.9)}
    assert seen["red"].name == "red" and seen["white"].name is None and seen["white"].nearest in known.names
    score = Score()
    for one in seen.values():
        score.add(one, frozenset(known.names))
    assert (score.known, score.right, score.mistaken, score.strangers, score.accepted) == (1, 1, 0, 1, 0)
    assert score.unknown == {"white"}


def test_new_identities_join_on_the_fly_and_equal_names_are_one(gallery, encoder, tmp_path, painted):
    for n in range(2):
        painted(tmp_path / "more" / "white" / f"{n}.png", "white", shade=30 + n)
        painted(tmp_path / "more" / "red" / f"{n}.png", "red", shade=40 + n)
    with Index(gallery) as index:
        done = enrol(index, open_source(str(tmp_path / "more")), encoder)
    known = read_gallery(gallery)
    assert done.names == {"red": 2, "white": 2} and known.names == ("blue", "green", "red", "white")
    assert np.bincount(known.label).tolist() == [2, 2, 4, 2]


def test_a_name_that_its_source_takes_away_is_forgotten(people, encoder, tmp_path):
    table = tmp_path / "people.csv"
    listed = {f"team/{colour}/{n}.png": colour for colour in ("red", "blue") for n in range(2)}

    def enrolled():
        rows = [f"{path},{name}" for path, name in listed.items()]
        table.write_text("\n".join(["image,label", *rows]), encoding="utf-8")
        with Index(tmp_path / "people.db") as index:
            return enrol(index, open_source(str(table)), encoder)

    assert enrolled().names == {"blue": 2, "red": 2}
    listed["team/red/0.png"] = ""
    done, known = enrolled(), read_gallery(tmp_path / "people.db")
    assert (done.names, done.unlabelled) == ({"blue": 2, "red": 1}, 1)
    assert known.names == ("blue", "red") and known.sizes.tolist() == [2, 1] and known.others == 1


def test_a_name_that_no_index_can_hold_is_left_out_of_a_gallery(people, encoder, tmp_path):
    with open(os.fsencode(people / "red") + b"/caf\xe9.png", "wb") as file:
        file.write((people / "red" / "0.png").read_bytes())
    with Index(tmp_path / "team.db") as index:
        done = enrol(index, open_source(str(people)), encoder)
    assert done.names == {"blue": 2, "green": 2, "red": 2}


def test_what_is_only_indexed_is_nobody_and_what_is_dropped_is_forgotten(gallery, encoder, people, folder):
    with Index(gallery) as index:
        index.add(open_source(str(folder)), encoder)
        assert read_gallery(gallery).others == 5
        index.drop(str(people / "red"))
    assert read_gallery(gallery).names == ("blue", "green")


def test_another_encoder_is_refused(gallery, people, colours):
    other = colours(identity="other", name="other")
    with Index(gallery) as index, pytest.raises(ValueError, match="made with the encoder colours"):
        enrol(index, open_source(str(people)), other)


def test_empty_folders_and_classes_without_a_usable_picture_are_named(people, tmp_path, encoder):
    (people / "nobody").mkdir()
    (people / "broken").mkdir()
    (people / "broken" / "cut.png").write_bytes(b"\x89PNG")
    source = open_source(str(people))
    with Index(tmp_path / "team.db") as index:
        done = enrol(index, source, encoder)
    assert empty_folders(source) == ("nobody",) and done.without == ("broken",) and "broken" not in done.names
    assert read_gallery(tmp_path / "team.db").names == ("blue", "green", "red")


def test_what_cannot_be_a_gallery_is_refused(tmp_path, folder, encoder, gallery):
    with Index(tmp_path / "plain.db") as index:
        with pytest.raises(ValueError, match="no classes to enrol"):
            enrol(index, open_source(str(folder)), encoder)
        index.add(open_source(str(folder)), encoder)
    with pytest.raises(ValueError, match="nobody is enrolled"):
        read_gallery(tmp_path / "plain.db")
    with pytest.raises(ValueError, match="there is no gallery"):
        read_gallery(tmp_path / "gone.db")
    one = random_gallery(tmp_path, [3])
    with pytest.raises(ValueError, match="one identity"):
        one.limit(0.01)
    with pytest.raises(ValueError, match="--far 0"):
        read_gallery(gallery).limit(0.0)


def test_a_picture_asked_alone_gets_the_answer_it_gets_among_others(gallery, encoder, folder):
    known, source = read_gallery(gallery), open_source(str(folder))
    among = {one.key: one for one in recognise(known, encoder, source, 0.5)}
    for number, file in enumerate(source.files):
        (folder / "alone").mkdir(exist_ok=True)
        (folder / "alone" / file).write_bytes((folder / file).read_bytes())
        (alone,) = recognise(known, encoder, open_source(str(folder / "alone")), 0.5)
        assert (alone.name, alone.nearest, alone.score) == (among[file].name, among[file].nearest, among[file].score)
        (folder / "alone" / file).unlink()
        assert number < 5


def test_examples_are_never_asked_about(gallery, people, encoder):
    known = read_gallery(gallery)
    bad = {}
    assert not list(recognise(known, encoder, Unseen(open_source(str(people)), known.hashes), 0.5, bad=bad))
    assert without_examples(bad) == 6 and not bad


def test_a_picture_under_two_names_is_counted(gallery, people, encoder, tmp_path):
    (tmp_path / "more" / "crimson").mkdir(parents=True)
    (tmp_path / "more" / "crimson" / "0.png").write_bytes((people / "red" / "0.png").read_bytes())
    with Index(gallery) as index:
        enrol(index, open_source(str(tmp_path / "more")), encoder)
    assert read_gallery(gallery).twice == 1
