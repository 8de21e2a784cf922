import numpy as np
import pytest

from sightline.data.array import unit
from sightline.data.prepare.tile import Box
from sightline.search.ask.mix import mixed, summed
from sightline.search.index import Index
from sightline.search.query import Readers
from sightline.search.typed.compose import Part, composed
from sightline.search.typed.unparsed import Unparsed


def of(colour, encoder):
    return unit(encoder.encode_text([colour]))[0]


@pytest.fixture
def index(tmp_path, folder, listed, encoder):
    with Index(tmp_path / "a.db") as index:
        index.add(listed(folder), encoder)
        yield index


def want(query, encoder, *given, **more):
    return mixed(composed(query, *given), encoder, Readers(encoder, encoder), lambda id, box: None, **more)


def test_the_vector_is_the_normalised_weighted_sum_of_unit_vectors(encoder):
    red, blue, green = (of(colour, encoder) for colour in ("red", "blue", "green"))
    found = want("2: red + blue - 0.5: green", encoder)
    np.testing.assert_allclose(found.vector, unit((2 * red + blue - 0.5 * green)[None])[0], atol=1e-6)
    np.testing.assert_allclose(found.meant, found.vector, atol=1e-6)
    assert (found.words, found.without, found.share, found.judged) == ("red blue", ("green",), 1.0, False)


def test_a_picture_counts_by_its_weight_beside_words(encoder, folder):
    path = folder / "blue-square.png"
    found = want(f"3: {path} + red in:pictures", encoder)
    blue, red = unit(encoder.encode_image([path]))[0], of("red", encoder)
    np.testing.assert_allclose(found.vector, unit((3 * blue + red)[None])[0], atol=1e-6)
    np.testing.assert_allclose(found.meant, red, atol=1e-6)
    assert (found.words, found.share, found.folders) == ("red", 0.25, ("pictures",))
    given = want("red", encoder, Part(3.0, image=path))
    np.testing.assert_allclose(given.vector, found.vector, atol=1e-6)


def test_parts_that_cancel_each_other_are_refused(encoder):
    with pytest.raises(ValueError, match="nothing is left to look for"):
        want("red - red", encoder)
    with pytest.raises(ValueError, match="nothing is left"):
        summed([np.ones(3), np.ones(3)], [500.0, -500.0])


def test_refusals_say_where(encoder, folder):
    with pytest.raises(Unparsed, match="no picture at ./none.png .column 7") as caught:
        want("red + ./none.png", encoder)
    assert caught.value.at == 7
    with pytest.raises(Unparsed, match="the region 0,0,17,12 leaves the picture, which is 16 x 12 pixels .column 7"):
        want(f"red + {folder}/red-square.png[0,0,17,12]", encoder)
    with pytest.raises(Unparsed, match="not opened by its path here"):
        want(f"{folder}/red-square.png", encoder, paths=False)
    encoder.reads_text = False
    with pytest.raises(ValueError, match="reads no words, so 'red' cannot be weighed"):
        want("red + blue", encoder)


def test_a_composed_query_finds_what_lies_between_and_leaves_what_is_taken_away(index, encoder, folder):
    def names(query, **more):
        return [hit.name for hit in index.answer(query, encoder, **more).hits]

    id = next(hit.id for hit in index.browse(9) if hit.name == "red-square")
    assert names(f"id:{id}")[0] == names(str(folder / "red-square.png"))[0] == "red-square"
    assert names("square - red")[-1] == names("square - 0.1: red")[-1] == "red-square"
    assert names("", image=folder / "red-square.png", where="not folder=none")[0] == "red-square"
    between = summed([index.vector(id), of("blue", encoder)], [1, 2])
    for hit in index.answer(f"id:{id} + 2: blue", encoder).hits:
        assert hit.score == pytest.approx(float(index.vector(hit.id) @ between), abs=1e-5)
    region = index.answer(f"id:{id}[1,1,5,5]", encoder, k=1).hits[0]
    plain = unit(encoder.encode_image([np.full((5, 5, 3), (220, 30, 30), np.uint8)]))[0]
    assert region.name == "red-square" and region.score == pytest.approx(float(plain @ index.vector(id)), abs=1e-5)
    np.testing.assert_allclose(index._stored(encoder, id, Box(0, 0, 16, 12)), index.vector(id), atol=1e-5)
    with pytest.raises(Unparsed, match="has no picture 999"):
        index.answer("id:999 + red", encoder)


def test_plain_words_are_answered_as_before(index, encoder):
    for query in ("red square", "red -", "square in:pictures", "2: red"):
        assert index.answer(query, encoder) == index.answer_text(query, encoder)
    assert index.answer("red + blue", encoder).relevant is None
    assert index.answer("", encoder, where="width=16 and type=png").hits[0].match == ""
    assert index.answer("red", encoder, where="width=17").hits == []
    with pytest.raises(ValueError, match="the query is empty"):
        index.answer(" ", encoder)


def test_without_an_encoder_parts_are_refused_and_filters_are_not(tmp_path, folder, listed):
    from sightline.search.blind import Blind

    with Index(tmp_path / "names.db") as index:
        index.add(listed(folder), Blind())
        with pytest.raises(ValueError, match="a query of several parts: this needs an encoder"):
            index.answer("red - blue", Blind())
        assert [hit.name for hit in index.answer("square", Blind(), where="colour=blue").hits] == ["blue-square"]
