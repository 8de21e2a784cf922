import json

import pytest


@pytest.fixture(scope="module")
def house(served):
    return served.id("house")


def test_words_are_explained_by_where_they_are_seen(served):
    told = served.get(f"/api/pictures/{served.id('red-dot')}/explain?q=red").json
    assert told["by"] == "occlusion" and told["grid"] == [6, 6] and told["passes"] == 37
    assert max(max(row) for row in told["values"]) == 1 and told["query"] == "red"
    x, y, w, h = told["box"]
    assert 0 <= x <= 300 - w and 0 <= y <= 300 - h and told["score"] > 0
    # the dot lies in the middle, the corners are nothing
    assert told["values"][0][0] == 0 and max(told["values"][2]) > 0.3


def test_a_drawing_has_shares_and_no_pixels(served, house):
    told = served.get(f"/api/pictures/{house}/explain?like={served.id('arrow-up')}").json
    assert told["box"] is None and len(told["shares"]) == 4 and told["query"] is None


def test_a_picture_that_is_sent_explains_itself_everywhere_it_is(served):
    own = (served.folder / "red-dot.png").read_bytes()
    told = served.ask(f"/api/pictures/{served.id('red-dot')}/explain", "POST", own).json
    assert told["score"] == pytest.approx(1, abs=1e-5)
    asked = served.get(f"/api/pictures/{served.id('red-dot')}/explain?like={served.id('red-dot')}").json
    assert told["values"] == asked["values"]


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ("", 422, "words in q, or the id"),
        ("?q=red&like=1", 422, "words in q, or the id"),
        ("?q=in%3Apictures", 422, "only says where to look"),
        ("?q=red&by=patches", 422, "none of their patches"),
        ("?q=red&by=guess", 422, "by:"),
        ("?like=4000", 422, "no picture 4000"),
        ("?like=99999999999999999999", 422, "like:"),
        ("?q=%20", 422, "words in q, or the id"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_the_reason(served, house, query, status, why):
    answer = served.get(f"/api/pictures/{house}/explain{query}")
    assert answer.status == status and why in answer.json["error"]


def test_unknown_pictures_and_broken_ones_are_refused(served, house):
    assert served.get("/api/pictures/4000/explain?q=red").status == 404
    assert served.ask(f"/api/pictures/{house}/explain", "POST", b"none").status == 415
    assert served.ask(f"/api/pictures/{house}/explain", "POST", b"").status == 400


def test_the_description_has_the_routes(served):
    described = json.dumps(served.get("/api/openapi.json").json["paths"]["/api/pictures/{id}/explain"])
    assert "occlusion" in described and '"post"' in described
