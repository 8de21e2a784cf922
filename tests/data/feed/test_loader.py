"""A batch is a function of its number: whoever makes it, from memory or not, split or whole, first or resumed."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch

from sightline.data.feed.caption_choice import with_terms
from sightline.data.feed.loader import Loader
from sightline.data.feed.order import Window
from sightline.data.feed.store import Memory, estimate, fits
from sightline.data.sample import BadSample, Sample
from sightline.data.sources.mixture import Mixture


class Arrays:
    """`n` random pictures of one or many shapes, every `broken`-th unusable."""

    name, classes = "arrays", ("a", "b", "c")
    has = frozenset({"image", "text", "label", "mask", "depth", "boxes"})

    def __init__(self, n=37, shapes=((20, 20, 3),), broken=None, seed=0):
        rng = np.random.default_rng(seed)
        self.images = [rng.integers(0, 256, shapes[i % len(shapes)]).astype(np.uint8) for i in range(n)]
        self.broken = broken

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        if self.broken and index % self.broken == 0:
            return Sample(f"k{index}", b"no picture")
        image = self.images[index]
        numbers = image[:, :, 0]
        return Sample(
            f"k{index}",
            image,
            captions=(f"caption {index}",),
            terms=("one", "two", "three"),
            label=index % 3,
            mask=numbers,
            depth=numbers.astype(np.float32),
            boxes=np.array([[0, 0, image.shape[1], image.shape[0]]]),
        )


class Far:
    """The same samples as a stream."""

    name, classes, has = "far", (), frozenset({"image", "text"})

    def __init__(self, source):
        self.source = source

    def epoch(self, seed, epoch, skip=0):
        for index in np.random.default_rng([seed, epoch]).permutation(len(self.source))[skip:]:
            yield self.source[int(index)]


RAGGED = ((20, 20, 3), (30, 12, 4), (9, 25, 3), (40, 40, 4))
EVERYTHING = ("image", "tokens", "label", "mask", "depth", "boxes")


def tokenize(texts):
    return np.array([[len(text), sum(map(ord, text))] for text in texts], np.int64)


def loader(source, **changes):
    arguments = {"batch": 8, "size": 16, "caption": with_terms, "tokenize": tokenize, "fields": EVERYTHING}
    return Loader(source, **(arguments | changes))


def same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            assert value.dtype == other[name].dtype and torch.equal(value, other[name]), name
        elif value and isinstance(value[0], torch.Tensor):
            assert all(torch.equal(a, b) for a, b in zip(value, other[name], strict=True)), name
        else:
            assert value == other[name], name


def test_a_batch_holds_what_the_protocol_says():
    batch = loader(Arrays(shapes=RAGGED)).batch(0)
    image, size = batch["image"], batch["size"]
    assert image.dtype == torch.uint8 and image.shape[:2] == (8, 4)
    assert tuple(size.amax(0)) == tuple(image.shape[2:])
    for row in range(8):
        y, x = size[row].tolist()
        assert not image[row, :, y:].any() and not image[row, :, :, x:].any()
        assert (batch["mask"][row, y:] == -1).all() and not batch["depth"][row, :, x:].any()
        assert batch["boxes"][row].tolist() == [[0, 0, x, y]]
    assert batch["mask"].dtype == torch.int64 and batch["depth"].dtype == torch.float32
    assert torch.equal(batch["label"], batch["index"] % 3)
    assert batch["tokens"].shape == (8, 2) and len(batch["text"]) == 8


def test_memory_equals_streaming():
    for source in (Arrays(), Arrays(shapes=RAGGED), Arrays(shapes=RAGGED, broken=5)):
        kept, read = loader(source, memory="always"), loader(source, memory="never")
        assert kept.memory and not read.memory
        for step in (0, 3, 4, 50):  # 4 and 50 cross the border of an epoch of 37
            same(kept.batch(step), read.batch(step))


def test_a_batch_depends_on_its_number_alone():
    one, other = loader(Arrays()), loader(Arrays())
    expected = [one.batch(step) for step in range(6)]
    for step in (5, 0, 3):
        same(other.batch(step), expected[step])
    for step, batch in zip(range(2, 6), other.iterate(2, 6), strict=True):
        same(batch, expected[step])
    assert one.batch(0)["text"] != loader(Arrays(), seed=1).batch(0)["text"]


def test_words_change_from_epoch_to_epoch():
    read = loader(Arrays(8))
    words = [dict(zip(b["index"].tolist(), b["text"], strict=True)) for b in read.iterate(0, 2)]
    assert words[0].keys() == words[1].keys() and words[0] != words[1]


def test_ranks_together_equal_one():
    source = Arrays(broken=6)
    for step in (0, 4):
        whole = loader(source).batch(step)
        parts = [loader(source, rank=rank, world=2).batch(step) for rank in range(2)]
        for name in ("image", "index", "tokens", "label", "mask"):
            assert torch.equal(whole[name], torch.cat([part[name] for part in parts])), name
        assert whole["text"] == parts[0]["text"] + parts[1]["text"]


def test_an_epoch_visits_every_sample_once():
    read = loader(Arrays(40))
    seen = torch.cat([batch["index"] for batch in read.iterate(0, 5)])
    assert torch.equal(seen.sort().values, torch.arange(40))


def test_a_bad_sample_gives_its_place_to_a_later_one_and_is_named():
    source, read = Arrays(40, broken=10), loader(Arrays(40, broken=10), memory="never")
    whole, patched = loader(Arrays(40)), []
    for step in range(5):
        batch, unbroken = read.batch(step), whole.batch(step)
        moved = batch["index"] != unbroken["index"]
        assert torch.equal(moved, unbroken["index"] % 10 == 0)
        assert len(batch["index"].unique()) == 8
        patched += batch["index"][moved].tolist()
    assert len(patched) == 4 and not any(index % 10 == 0 for index in patched)
    assert read.bad.keys() == {"k0", "k10", "k20", "k30"} == loader(source).bad.keys()
    assert all("not a picture" in reason for reason in read.bad.values())


def test_a_source_of_nothing_but_bad_samples_is_one_clear_error():
    source = Arrays(20, broken=1)
    with pytest.raises(ValueError, match="none of the 20 samples tried in 'arrays' can be used; the first, k0: not a"):
        loader(source)
    with pytest.raises(ValueError, match="can be used; the first"):
        loader(source, memory="never").batch(0)
    with pytest.raises(ValueError, match="can be used; the first"):
        next(loader(Far(source), fields=()).iterate(0))


def test_a_source_may_fail_where_it_is_read():
    class Cut(Arrays):
        def __getitem__(self, index):
            if index == 3:
                raise BadSample("the shard ends here")
            return super().__getitem__(index)

    for memory in ("always", "never"):
        read = loader(Cut(8), memory=memory)
        read.batch(0)
        assert read.bad == {"sample 3": "the shard ends here"}


def test_a_mixture_counts_by_weight_and_indexes_its_parts_end_to_end():
    mixture = Mixture([Arrays(30), Arrays(10, seed=1)], [3, 1])
    read = loader(mixture, batch=64)
    index = torch.cat([batch["index"] for batch in read.iterate(0, 16)])
    assert (index >= 30).sum() == 256 and index.max() < 40
    batch = read.batch(0)
    sample = mixture[int(batch["index"][0])]
    assert np.array_equal(batch["image"][0], sample.image.transpose(2, 0, 1))


def test_a_window_of_a_source_and_none_of_a_mixture_or_a_stream():
    window = Window(size=16, visits=4)
    index = torch.cat([batch["index"] for batch in loader(Arrays(64), batch=8, order=window).iterate(0, 2)])
    assert sorted(index.tolist()) == sorted(window.look_up(64, 0, np.arange(16)).tolist())
    for source in (Mixture([Arrays(30), Arrays(10, seed=1)], [3, 1]), Far(Arrays(37))):
        with pytest.raises(ValueError, match="one source that is read by index"):
            loader(source, fields=(), order=window)


def test_what_a_source_lacks_is_refused_before_the_first_step():
    class Plain(Arrays):
        has = frozenset({"image"})

    with pytest.raises(ValueError, match="'arrays' has image; needed besides: mask, text"):
        loader(Plain(), fields=("tokens", "mask"))
    with pytest.raises(ValueError, match="cannot be split evenly over 3 ranks"):
        loader(Arrays(), world=3)


def test_memory_reports_its_progress_and_what_it_takes():
    calls = []
    source = Arrays(300)
    store = Memory(source, 16, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(256, 300), (300, 300)] and len(store) == 300
    assert abs(estimate(source, 16) - store.bytes) < 0.01 * store.bytes
    assert fits(source, 16) and not fits(source, 16, processes=10**9)


def test_pictures_are_stored_a_third_larger_than_trained():
    read = loader(Arrays(8, shapes=((200, 100, 3),)), size=32)
    assert tuple(read.batch(0)["image"].shape[2:]) == (84, 42)


def test_a_strip_does_not_pad_the_others_to_its_length():
    read = loader(Arrays(8, shapes=((40, 40, 3), (40, 160, 4))))
    assert read.batch(0)["size"].unique(dim=0).tolist() == [[10, 40], [21, 21]]


def test_a_stream_is_read_in_order_and_joined_at_any_step():
    stream = Far(Arrays(37))
    everything = list(loader(stream, fields=()).iterate(0, 14))
    for start in (1, 4, 5, 12):  # the borders of the epochs lie inside steps 4 and 9
        for step, batch in zip(range(start, 14), loader(stream, fields=()).iterate(start, 14), strict=True):
            same(batch, everything[step])
    first = torch.cat([batch["image"] for batch in everything])[:37]
    assert len({image.numpy().tobytes() for image in first}) == 37
    with pytest.raises(TypeError, match="stream"):
        loader(stream, fields=()).batch(0)


def test_a_stream_splits_over_ranks_and_replaces_bad_samples():
    whole, parts = Far(Arrays(37)), Far(Arrays(37))
    one = list(loader(whole, fields=()).iterate(0, 6))
    two = [list(loader(parts, fields=(), rank=rank, world=2).iterate(0, 6)) for rank in range(2)]
    for step in range(6):
        assert torch.equal(one[step]["image"], torch.cat([rank[step]["image"] for rank in two]))
    broken = loader(Far(Arrays(37, broken=5)), fields=())
    assert all(len(batch["image"]) == 8 for batch in broken.iterate(0, 6)) and len(broken.bad) == 8


def test_workers_equal_none_and_can_start_anywhere():
    source = Arrays(shapes=RAGGED, broken=7)
    alone = loader(source, memory="never")
    helped = loader(source, memory="never", workers=2)
    for start, stop in ((0, 5), (3, 6)):
        steps = zip(alone.iterate(start, stop), helped.iterate(start, stop), strict=True)
        for one, other in steps:
            same(one, other)
    assert alone.bad == helped.bad and helped.waited > 0


def test_leaving_the_loop_ends_the_workers():
    import multiprocessing

    batches = loader(Arrays(), memory="never", workers=2).iterate(0)
    next(batches)
    assert len(multiprocessing.active_children()) >= 2
    batches.close()
    assert not multiprocessing.active_children()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_stopped_run_leaves_no_process_behind(tmp_path, how):
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys, time
            sys.path.insert(0, {os.path.dirname(__file__)!r})
            from test_loader import Arrays, Loader

            if __name__ == "__main__":
                for batch in Loader(Arrays(), batch=8, size=16, memory="never", workers=2).iterate(0):
                    print("batch", flush=True)
                    time.sleep(0.05)
            """
        )
    )
    run = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert run.stdout and run.stdout.readline() == "batch\n"
    (os.killpg if how == signal.SIGINT else os.kill)(run.pid, how)
    deadline = time.monotonic() + 20
    while left := _session(run.pid):
        if time.monotonic() > deadline:
            os.killpg(run.pid, signal.SIGKILL)
            pytest.fail(f"still running: {left}")
        time.sleep(0.2)
    _, errors = run.communicate(timeout=5)
    assert run.returncode and errors.count("Traceback") <= 1


def _session(leader):
    """Processes of a session that are no zombies."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    state, _, _, session = stat.read().rpartition(")")[2].split()[:4]
            except OSError:
                continue
            if int(session) == leader and state != "Z":
                found.append(entry)
    return found
