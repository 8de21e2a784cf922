import pytest


def test_groups_come_by_kind_and_in_parts(served):
    same = served.get("/api/duplicates").json
    assert same["kind"] == "same" and same["groups"] == [] and same["same"] == 0 and same["look"] == 0.97
    found = served.get("/api/duplicates?kind=alike&look=0.9&k=2").json
    assert found["alike"] > 2 and len(found["groups"]) == 2
    first = found["groups"][0]["pictures"]
    assert first[0]["cosine"] == 1 and all(0.9 <= one["cosine"] <= 1 for one in first)
    rest = served.get("/api/duplicates?kind=alike&look=0.9&after=2&k=500").json
    assert len(rest["groups"]) == found["alike"] - 2
    ids = [one["id"] for group in found["groups"] + rest["groups"] for one in group["pictures"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("query", ["look=0.2", "look=nan", "look=x", "k=0", "k=501", "after=-1", "kind=most"])
def test_what_is_no_question_is_refused(served, query):
    assert served.get(f"/api/duplicates?{query}").status == 422


def test_a_library_that_grows_is_looked_through_again(own_served, listed, mosaic):
    assert own_served.get("/api/duplicates").json["same"] == 0
    (own_served.folder / "ball-again.svg").write_bytes((own_served.folder / "ball.svg").read_bytes())
    own_served.index.add(listed(own_served.folder), mosaic())
    found = own_served.get("/api/duplicates").json
    assert found["same"] == 1 and {one["name"] for one in found["groups"][0]["pictures"]} == {"ball", "ball-again"}
    assert found["spare"] == (own_served.folder / "ball.svg").stat().st_size
