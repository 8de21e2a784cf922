import time

import numpy as np


def wait(served):
    while (state := served.get("/api/map").json)["state"] == "making":
        assert 0 <= state["share"] <= 1
        time.sleep(0.05)
    return state


def test_a_map_is_made_in_the_background_and_says_where_every_picture_lies(own_served, listed, mosaic):
    assert own_served.get("/api/map").json["state"] == "none"
    missing = own_served.get("/api/map/points")
    assert missing.status == 404 and "POST /api/map" in missing.json["error"]
    assert own_served.ask("/api/map", "POST").json["state"] in ("making", "ready")
    assert wait(own_served)["pictures"] == 3
    answer = own_served.get("/api/map/points")
    n = len(answer.body) // 20
    ids = np.frombuffer(answer.body[: 8 * n], "<f8")
    xy = np.frombuffer(answer.body[8 * n : 16 * n], "<f4").reshape(n, 2)
    colours = np.frombuffer(answer.body[16 * n :], np.uint8).reshape(n, 4)
    assert sorted(ids.astype(int)) == sorted(hit.id for hit in own_served.index.browse(9))
    assert abs(xy).max() <= 1 and (colours[:, 3] == 255).all()
    assert own_served.get("/api/map/points", if_none_match=answer.headers["etag"]).status == 304
    # what comes later has a place too
    (own_served.folder / "more.svg").write_bytes((own_served.folder / "ball.svg").read_bytes().replace(b"9", b"7"))
    own_served.index.add(listed(own_served.folder), mosaic())
    state = own_served.get("/api/map").json
    assert (state["pictures"], state["added"], state["worn"], state["state"]) == (4, 1, True, "ready")
    assert len(own_served.get("/api/map/points").body) == 80


def test_only_this_site_may_have_it_made(own_served):
    assert own_served.ask("/api/map", "POST", origin="http://elsewhere.example").status == 403
