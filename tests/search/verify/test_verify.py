import numpy as np
import pytest

from sightline.data.sources.rows import read_rows
from sightline.data.sources.source import open_source
from sightline.probes.verification import best_threshold
from sightline.search.verify import written
from sightline.search.verify.drawn import draw_pairs
from sightline.search.verify.verify import judge, verify
from sightline.search.verify.written import read_pairs, written_pairs

HUES = ("red", "green", "blue", "black")


@pytest.fixture
def labelled(tmp_path, painted):
    """A folder of four colours, `shots` pictures of each."""

    def make(shots=4, colours=HUES):
        for colour in colours:
            for n in range(shots):
                painted(tmp_path / "sorted" / colour / f"{n}.png", colour, shade=n)
        return open_source(str(tmp_path / "sorted"))

    return make


class Many:
    """A source of labels alone."""

    name, has, classes = "many", frozenset({"image", "label"}), ()

    def __init__(self, sizes):
        self.told = np.repeat(np.arange(len(sizes)), sizes)

    def labels(self):
        return self.told

    def __len__(self):
        return len(self.told)

    def __getitem__(self, index):
        raise AssertionError("pairs are drawn from labels alone")


def test_drawn_pairs_are_balanced_true_and_each_comes_once():
    source = Many([1, 5, 2, 40] * 10)
    pairs = draw_pairs(source, 400, seed=3)
    assert len(pairs) == 400 and pairs.same.sum() == 200 and pairs.lone == 10
    assert (pairs.same == (source.told[pairs.left] == source.told[pairs.right])).all()
    assert (pairs.left != pairs.right).all() and len(set(zip(pairs.left, pairs.right, strict=True))) == 400
    again, other = draw_pairs(source, 400, seed=3), draw_pairs(source, 400, seed=4)
    assert (pairs.left == again.left).all() and (pairs.left != other.left).any()


def test_no_class_stands_in_two_folds_where_there_are_classes_enough():
    source = Many([3] * 40)
    pairs = draw_pairs(source, 200, folds=10)
    assert pairs.apart and set(np.bincount(pairs.fold)) == {20}
    folds = [set(source.told[np.append(pairs.left, pairs.right)[np.tile(pairs.fold == f, 2)]]) for f in range(10)]
    assert all(not one & other for n, one in enumerate(folds) for other in folds[n + 1 :])


def test_few_classes_share_folds_and_the_pairs_there_are_stay_balanced():
    pairs = draw_pairs(Many([4, 4, 4]), 1000, folds=5)
    assert not pairs.apart and pairs.same.sum() == 18 and len(pairs) == 36
    assert set(np.bincount(pairs.fold[pairs.same])) <= {3, 4}


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ([9], "one class only"),
        ([1, 1, 1], "none of the 3 classes of many has two pictures"),
        ([], "no labels to draw pairs from"),
        ([2, 2], "2 pairs are same and there are 10 folds"),
    ],
)
def test_labels_without_both_kinds_of_pair_are_refused(sizes, says):
    with pytest.raises(ValueError, match=says):
        draw_pairs(Many(sizes), 100)


def test_a_score_is_the_cosine_of_the_two_pictures_and_each_is_embedded_once(labelled, encoder):
    source = labelled()
    pairs = draw_pairs(source, 48, folds=2)
    judged = judge(encoder, pairs)
    assert encoder.seen == len(set(pairs.left) | set(pairs.right)) and not judged.bad
    a, b = (encoder.encode_image([source[int(p[5])].image])[0] for p in (pairs.left, pairs.right))
    assert judged.scores[5] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-5)
    found = verify(judged, folds=2)
    assert found.curve.eer == 0 and found.folds.mean == 1 and found.folds.error == 0


def test_pairs_of_pictures_that_cannot_be_read_are_left_out_and_counted(labelled, encoder):
    source = labelled()
    (source.root / source.files[0]).write_bytes(b"\x89PNG")
    pairs = draw_pairs(source, 48, folds=2)
    judged = judge(encoder, pairs)
    hit = int(((pairs.left == 0) | (pairs.right == 0)).sum())
    assert set(judged.bad) == {source.files[0]} and judged.lost == hit > 0
    assert len(judged.scores) == len(judged.same) == len(judged.fold) == len(pairs) - hit


def test_a_threshold_of_other_pairs_is_reported_on_these(labelled, encoder):
    judged = judge(encoder, draw_pairs(labelled(), 48, folds=2))
    found = verify(judged, chosen_on=judged)
    assert found.folds is None and found.chosen == (best_threshold(judged.scores, judged.same), 1.0)


def test_a_table_of_pairs_is_read_with_its_folds(labelled, tmp_path, encoder):
    labelled()
    table = tmp_path / "pairs.csv"
    lines = [f"sorted/red/{n}.png,sorted/red/{n + 1}.png,same,{n}" for n in (0, 1)]
    lines += [f"sorted/red/{n}.png,sorted/blue/{n}.png,different,{n}" for n in (0, 1)]
    table.write_text("\n".join(["left,right,same,fold", *lines]), encoding="utf-8")
    assert written_pairs(str(tmp_path / "sorted")) is None
    pairs = written_pairs(str(table))
    assert pairs.same.tolist() == [True, True, False, False] and pairs.fold.tolist() == [0, 1, 0, 1]
    judged = judge(encoder, pairs)
    assert judged.shared == 1 and verify(judged).folds.mean == 1


def test_missing_pictures_are_all_named_and_their_pairs_counted(labelled, tmp_path):
    labelled()
    table = tmp_path / "pairs.tsv"
    table.write_text(
        "left\tright\tsame\nsorted/red/0.png\tgone.png\t1\nsorted/red/0.png\tsorted/red/1.png\t1\nlost.png\tgone.png\t0\n",
        encoding="utf-8",
    )
    pairs = read_pairs(table)
    assert pairs.missing == ("gone.png", "lost.png") and pairs.lost == 2 and len(pairs) == 1
    with pytest.raises(ValueError, match="no pair is left, 4 of 4 pictures are not there"):
        read_pairs(table, tmp_path / "elsewhere")


def test_the_list_of_faces_in_the_wild_is_read_with_its_folds(tmp_path):
    named = ["A_B/A_B_0001.jpg", "A_B/A_B_0002.jpg", "C/C_0001.jpg", "C/C_0012.jpg"]
    for name in named:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    listed = tmp_path / "pairs.txt"
    listed.write_text("2\t1\nA_B\t1\t2\nA_B\t1\tC\t1\nC\t1\t12\nC\t12\tA_B\t2\n", encoding="utf-8")
    pairs = read_pairs(listed)
    assert sorted(pairs.source.named) == named
    assert pairs.same.tolist() == [True, False, True, False] and pairs.fold.tolist() == [0, 0, 1, 1]
    listed.write_text("2\t1\nA_B\t1\t2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="announces 4 pairs, and there are 1 lines"):
        read_pairs(listed)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("left,right\na,b\n", "has the columns left, right"),
        ("left,right,same\na,b,perhaps\n", "row 1: 'perhaps' says neither"),
        ("left,right,same\na,,1\n", "row 1: a pair needs two paths"),
        ("left,right,same,fold\na,b,1,x\n", "fold is 'x'"),
        ('{"left": "a", "right": "b", "same": 1, "fold": [2]}\n', r"row 1: fold is \[2\]"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_by_row(tmp_path, text, says):
    file = tmp_path / f"pairs.{'jsonl' if text.startswith('{') else 'csv'}"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        read_pairs(file)


def test_the_columns_of_a_table_of_pairs_are_known_in_capitals_and_it_is_read_once(labelled, tmp_path, monkeypatch):
    labelled()
    table = tmp_path / "pairs.csv"
    table.write_text("Left,RIGHT,Same,Fold\nsorted/red/0.png,sorted/red/1.png,1,3\n", encoding="utf-8")
    reads: list[object] = []
    monkeypatch.setattr(written, "read_rows", lambda path: reads.append(path) or read_rows(path))
    pairs = written_pairs(str(table))
    assert pairs.same.tolist() == [True] and pairs.fold.tolist() == [3] and reads == [table]
