import threading

import pytest

from sightline.data.ahead import map_ahead


def test_results_come_in_order_and_all_of_them():
    for room in (1, 3, 100):
        assert list(map_ahead(lambda x: x * x, range(25), threads=3, room=room)) == [x * x for x in range(25)]
    assert list(map_ahead(str, [])) == []


def test_no_more_than_room_items_are_taken_before_they_are_asked_for():
    taken = []
    running = map_ahead(lambda x: x, (taken.append(i) or i for i in range(100)), threads=2, room=5)
    next(running)
    assert len(taken) == 5
    running.close()


def test_an_error_is_raised_in_its_place_and_threads_end():
    def work(x):
        if x == 3:
            raise KeyError(x)
        return x

    seen = []
    with pytest.raises(KeyError):
        for x in map_ahead(work, range(9)):
            seen.append(x)
    assert seen == [0, 1, 2]
    assert not [t for t in threading.enumerate() if t.name.startswith("sightline-ahead")]
