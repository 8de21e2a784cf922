"""Every word of a query before look-alikes; words that say nothing; folders and sets as words and as filters; slips."""

import numpy as np
import pytest

from sightline.data.sample import Sample
from sightline.search.asked import asked
from sightline.search.folders import folder_lines, moved_lines
from sightline.search.index import Index
from sightline.search.rank.spelling import one_edit, suggestion
from sightline.search.schema import connect

RED, BLUE, GREEN = (230, 0, 0), (0, 0, 230), (0, 200, 0)


class Shelf:
    """One-colour pictures: name, colour, terms, the folder in an archive, the set."""

    has, classes = frozenset({"image", "text"}), ()

    def __init__(self, rows, name="/srv/pictures/my-icons.tar"):
        self.rows, self.name = rows, name

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        name, colour, terms, folder, kind = self.rows[index]
        image = np.full((4, 4, 3), colour, np.uint8)
        image[0, 0] = index  # no two alike
        extra = {"set": kind} if kind else {}
        return Sample(key=f"{folder}{index}", image=image, terms=tuple(terms), name=name, extra=extra)


ROWS = [
    ("heart", BLUE, [], "lucide/", ""),
    ("heart-crack", GREEN, [], "lucide/nav arrows/", ""),
    ("broken-heart", BLUE, [], "", "Tabler"),
    ("heartbeat", GREEN, [], "", ""),
    ("love", RED, ["heart"], "", "Tabler"),
    ("a-of-the", BLUE, [], "", ""),
    *((f"ruby {number}", RED, [], "", "") for number in range(6)),
]


@pytest.fixture
def index(tmp_path, encoder):
    encoder.encode_text = lambda texts: np.tile([1.0, -1, -1], (len(texts), 1))  # whatever is asked looks red
    with Index(tmp_path / "i.db") as made:
        made.add(Shelf(ROWS), encoder)
        yield made


def names(hits):
    return [hit.name for hit in hits]


def test_what_holds_every_word_in_its_name_comes_before_what_looks_alike(index, encoder):
    found = names(index.search_text("heart", encoder, 12))
    assert found[0] == "heart" and set(found[1:3]) == {"heart-crack", "broken-heart"}
    assert names(index.search_text("heart broken", encoder, 12))[0] == "broken-heart"
    # neither a term nor the start of a longer word is the word in a name, where some name has it
    assert not {"love", "heartbeat"} & set(found[:3])


def test_a_half_typed_word_comes_before_look_alikes_where_no_name_has_it_whole(index, encoder):
    assert set(names(index.search_text("hear", encoder, 12))[:4]) == {
        "heart",
        "heart-crack",
        "broken-heart",
        "heartbeat",
    }


def test_words_that_say_nothing_find_nothing_beside_others_and_are_found_alone(index, encoder):
    by_id = {hit.id: hit.name for hit in index.browse(99)}

    def by_words(query):
        ranks = index.ranking(query, None, "words")
        return {by_id[id] for id, rank in zip(ranks.ids.tolist(), ranks.ranks, strict=True) if np.isfinite(rank)}

    assert "a-of-the" not in by_words("a picture of the heart") and "heart" in by_words("a picture of the heart")
    assert by_words("of the") == {"a-of-the"}
    assert index.search_text("a of the", encoder, 3)[0].match == "name"
    assert names(index.search_text("the of", encoder, 12))[0] == "a-of-the"


def test_names_of_folders_sources_and_sets_are_weak_words(index, encoder):
    found = index.search_text("lucide", encoder, 12)
    assert {hit.name for hit in found if hit.match in {"words", "both"}} == {"heart", "heart-crack"}
    assert {hit.name for hit in index.search_text("tabler", encoder, 12) if hit.match in {"words", "both"}} == {
        "broken-heart",
        "love",
    }
    # beside a name they choose among those that have it
    assert names(index.search_text("tabler heart", encoder, 12))[0] == "broken-heart"
    assert sum(hit.match in {"words", "both"} for hit in index.search_text("icons", encoder, 12)) == 12
    assert not any(hit.match == "words" for hit in index.search_text("srv pictures tar", encoder, 12))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("heart in:lucide", ["heart", "heart-crack"]),
        ("IN:Lucide heart", ["heart", "heart-crack"]),
        ('in:"nav arrows" heart', ["heart-crack"]),
        ("heart in:navArrows", ["heart-crack"]),
        ("heart in:lucide/nav-arrows", ["heart-crack"]),
        ("love in:tabler in:lucide", ["love", "heart", "heart-crack", "broken-heart"]),
        ("heart in:nowhere", []),
    ],
)
def test_a_filter_leaves_its_folders_alone(index, encoder, query, expected):
    found = names(index.search_text(query, encoder, 12))
    assert found[:1] == expected[:1] and sorted(found) == sorted(expected)
    for k in range(1, len(expected)):
        assert names(index.search_text(query, encoder, k)) == found[:k]


def test_a_filter_alone_shows_the_folder_in_the_order_of_indexing(index, encoder):
    encoder.encode_text = lambda texts: pytest.fail("there is nothing to embed")
    found = index.search_text("in:lucide in:tabler", encoder, 12)
    assert names(found) == ["heart", "heart-crack", "broken-heart", "love"]
    assert {(hit.match, hit.score) for hit in found} == {("", 0.0)}
    assert names(index.search_text("in:lucide", encoder, 1)) == ["heart"]
    assert index.search_text("in:nowhere", encoder) == []


def test_what_is_no_filter_is_words():
    assert asked("in: heart").words == "in: heart" and asked("in:?! x").folders == ()
    assert asked('in:"nav').folders == ("nav",)
    assert asked("login:x begin:y").folders == ()
    with pytest.raises(ValueError, match="the query is empty"):
        asked(" ")


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("haert", "heart"),
        ("hart", "heart"),
        ("hearrt", "heart"),
        ("hesrt", "heart"),
        ("brokn haert", "broken heart"),
        ("haert in:lucide", "heart in:lucide"),
        ('rubx in:"nav arrows"', 'ruby in:"nav arrows"'),
        ("heart", None),
        ("hearts", None),
        ("hear", None),
        ("xqzv blorp", None),
        ("lucide", None),
        ("haert" * 2000, None),
        (" ".join(f"haert{letter}" for letter in "abcdefghijklmnop"), None),
        ("lov", None),
        ("the", None),
        ("🦊", None),
        ("信用卡", None),
    ],
)
def test_a_slip_of_one_letter_is_offered_and_nothing_else(index, encoder, query, meant):
    assert index.answer_text(query, encoder).suggestion == meant


def test_one_edit_is_damerau_of_one():
    def distance(a, b):
        table = np.add.outer(np.arange(len(a) + 1), np.arange(len(b) + 1))
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                ways = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1])]
                if i > 1 and j > 1 and (a[i - 2], a[i - 1]) == (b[j - 1], b[j - 2]):
                    ways.append(table[i - 2, j - 2] + 1)
                table[i, j] = min(ways)
        return table[-1, -1]

    assert {distance("herz", near) for near in one_edit("herz")} == {0, 1}
    assert len(set(one_edit("herz"))) == 1 + 4 + 3 + 4 * 25 + 5 * 25 + 1  # itself, out, exchanged, changed, put in
    assert "сердце" in set(one_edit("середце")) and "école" in set(one_edit("écol"))


def test_of_several_near_words_that_of_the_same_beginning_then_the_commonest(tmp_path, encoder):
    rows = [(name, RED, [], "", "") for name in ("chart", "chart one", "chart two", "heart", "hard", "hard one")]
    with Index(tmp_path / "n.db") as index:
        index.add(Shelf(rows), encoder)
    connection = connect(tmp_path / "n.db")
    assert suggestion(connection, "hart") == "hard" and suggestion(connection, "cart") == "chart"
    connection.close()


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (("/srv/art/my-icons", "a", "/srv/art/my-icons/lucide/a.svg"), "my icons\nlucide"),
        (("/srv/art/my-icons?caption=name", "a", "/srv/art/my-icons/a.svg"), "my icons"),
        (("/data/set.csv", "a", "/data/train/dogs/a.jpg"), "set\ntrain\ndogs"),
        (("/data/set.csv", "a", "/elsewhere/secret/a.jpg"), "set"),
        (("/data/shards/{000..010}.tar", "cats/0001", None), "cats"),
        (("icons:test?fold=1", "credit-card/solid", None), "icons\ncredit card"),
        (("made in Python", "7", None), "made in python"),
    ],
)
def test_the_path_of_the_machine_is_no_word(place, lines):
    assert folder_lines(*place, []) == lines
    assert folder_lines(*place, ["Nav Arrows", lines.split("\n")[0]]) == f"{lines}\nnav arrows"


def test_a_moved_picture_has_the_words_of_its_new_folder_and_keeps_its_set():
    old = ("/a/icons", "x", "/a/icons/lucide/x.svg")
    lines = folder_lines(*old, ["Outlined"])
    assert moved_lines(lines, old, ("/b/signs", "x", "/b/signs/lucide/x.svg")) == "signs\nlucide\noutlined"


def test_folders_follow_a_move_and_a_later_run(tmp_path, folder, encoder, listed):
    (tmp_path / "old").mkdir()
    folder.rename(tmp_path / "old" / "shelf")
    with Index(tmp_path / "m.db") as index:
        index.add(listed(tmp_path / "old"), encoder)
        assert len(index.search_text("in:shelf", encoder)) == 5 and len(index.search_text("in:old", encoder)) == 5
        (tmp_path / "old").rename(tmp_path / "new")
        index.move(str(tmp_path / "old"), str(tmp_path / "new"))
        assert len(index.search_text("in:new/shelf", encoder)) == 5 and index.search_text("in:old", encoder) == []
        (tmp_path / "new").rename(tmp_path / "old")
        index.add(listed(tmp_path / "old"), encoder)
        index.drop(str(tmp_path / "new"))
        assert len(index.search_text("in:old", encoder)) == 5 and index.search_text("in:new", encoder) == []
