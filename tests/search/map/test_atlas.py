import numpy as np
import pytest

from sightline.search.blind import Blind
from sightline.search.index import Index
from sightline.search.map.atlas import GREY, colour_of, made, opened, path_of, points, worn
from sightline.search.schema import connect


@pytest.fixture
def library(tmp_path, folder, listed, encoder):
    with Index(tmp_path / "library.db") as index:
        index.add(listed(folder), encoder)
        yield index


def test_a_map_is_kept_beside_the_index_and_read_again(library):
    atlas = made(library, seed=3)
    again = opened(library)
    assert again is not None and path_of(library.path).is_file() and again.seed == 3
    for name in ("keys", "xy", "colours"):
        assert np.array_equal(getattr(atlas, name), getattr(again, name))
    found = points(library, again)
    assert found.ids.tolist() == [hit.id for hit in library.browse(50)] and found.added == 0 and not worn(found)


def test_places_belong_to_contents_and_new_ones_lie_beside_what_they_are_like(
    library, folder, listed, encoder, painted
):
    for number in range(12):
        painted(folder / f"red-{number}.png", "red", shade=40 + number)
    library.add(listed(folder), encoder)
    before = points(library, made(library))
    painted(folder / "red-new.png", "red", shade=200)
    (folder / "blue-square.png").unlink()
    library.add(listed(folder), encoder)
    after = points(library, opened(library))
    assert after.added == 1 and len(after.ids) == len(before.ids) and not worn(after)
    places = dict(zip(before.ids.tolist(), before.xy.tolist(), strict=True))
    for id, place in zip(after.ids.tolist(), after.xy.tolist(), strict=True):
        if id in places:
            assert place == places[id]
    new = next(at for at, id in enumerate(after.ids.tolist()) if id not in places)
    reds = [places[hit.id] for hit in library.browse(50) if hit.name.startswith("red") and hit.id in places]
    assert min(np.linalg.norm(np.subtract(after.xy[new], red)) for red in reds) < 0.4
    assert after.colours[new].tolist() == list(GREY)


def test_a_map_is_worn_when_much_came(library, folder, listed, encoder, painted):
    made(library)
    for number in range(4):
        painted(folder / f"more-{number}.png", "green", shade=90 + number)
    library.add(listed(folder), encoder)
    assert worn(points(library, opened(library)))


def test_a_cut_map_and_one_of_another_encoder_are_not_used(library, folder, listed, colours):
    made(library)
    whole = path_of(library.path).read_bytes()
    path_of(library.path).write_bytes(whole[:-3])
    assert opened(library) is None
    path_of(library.path).write_bytes(whole)
    library.rebuild(listed(folder), colours("other"))
    assert opened(library) is None


def test_an_index_of_names_alone_has_no_map(tmp_path, folder, listed):
    with Index(tmp_path / "blind.db") as index:
        index.add(listed(folder), Blind())
        with pytest.raises(ValueError, match="map"):
            made(index)


def test_the_colour_is_that_of_what_is_opaque(tmp_path):
    import io

    from PIL import Image

    picture = Image.new("RGBA", (64, 64), (9, 9, 9, 0))
    picture.paste((200, 40, 20, 255), (0, 0, 32, 64))
    out = io.BytesIO()
    picture.save(out, "PNG")
    assert colour_of(out.getvalue()) == (200, 40, 20, 255)
    out = io.BytesIO()
    Image.new("RGBA", (8, 8), (9, 9, 9, 0)).save(out, "PNG")
    assert colour_of(out.getvalue()) == GREY


def test_the_colours_of_a_map_are_those_of_the_thumbnails_measured_or_not(library, folder, listed, encoder):
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="#c80" d="M1 1h5v2z"/></svg>'
    (folder / "amber.svg").write_text(drawing)
    (folder / "teal.svg").write_text(drawing.replace("#c80", "teal"))
    library.add(listed(folder), encoder)
    told: list[float] = []
    measured = points(library, made(library, progress=told.append))
    by_thumb = np.array([colour_of(library.thumb(id)[0]) for id in measured.ids.tolist()])
    assert len(np.unique(by_thumb, axis=0)) > 3 and told[-1] == 1
    assert np.abs(measured.colours.astype(int) - by_thumb).max() <= 1
    with connect(library.path) as connection:
        connection.execute("DELETE FROM look WHERE kind = 'svg'")
    again = points(library, made(library))
    drawings = [library.picture(id).svg for id in again.ids.tolist()]
    assert sum(drawings) == 2 and np.array_equal(again.colours[drawings], by_thumb[drawings])
    assert np.array_equal(again.colours[~np.array(drawings)], measured.colours[~np.array(drawings)])
