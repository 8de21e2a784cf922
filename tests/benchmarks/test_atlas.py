"""The atlas benchmarks run from end to end on a made-up set, and say of each row what was run."""

import io
import json
import sys
import tarfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
STYLES = [f"style{i}" for i in range(8)]


@pytest.fixture(scope="module", autouse=True)
def _sets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    for split, seed in (("train", 0), ("test", 1)):
        emoji(folder / "emoji" / f"{split}-000.tar", split, seed)
    photos(folder / "caltech101" / "test-000.tar")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGHTLINE_DATA", str(folder))
        patch.syspath_prepend(str(BENCHMARKS))
        yield
    for name in ("_atlas", "atlas_ssl", "atlas_emoji", "atlas_masks", "background_swap"):
        sys.modules.pop(name, None)


def write(file, records):
    """{name: bytes} as a tar."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w") as tar:
        for name, said in records:
            member = tarfile.TarInfo(name)
            member.size = len(said)
            tar.addfile(member, io.BytesIO(said))


def png(rgb):
    held = io.BytesIO()
    Image.fromarray(rgb.astype(np.uint8)).save(held, "PNG")
    return held.getvalue()


def emoji(file, split, seed):
    """Four families of two concepts in eight styles: a coloured block on white, of the concept's place and the style's
    colour."""
    rng, records = np.random.default_rng(seed), []
    for concept in range(8):
        top, left = rng.integers(10, 40, 2)
        for style in STYLES:
            rgb = np.full((96, 96, 3), 255)
            rgb[top : top + 40, left : left + 30] = rng.integers(0, 200, 3)
            said = {
                "hexcode": f"{split}{concept}",
                "family": f"{split} family {concept // 2}",
                "group": f"group {concept % 2}",
                "style": style,
                "name": f"thing {concept}",
            }
            key = f"{split}{concept}-{style}"
            records += [(f"{key}.png", png(rgb)), (f"{key}.json", json.dumps(said).encode())]
    write(file, records)


def photos(file):
    rng = np.random.default_rng(2)
    write(file, [(f"{i}.png", png(rng.integers(0, 256, (60, 50, 3)))) for i in range(5)])


def options(folder, **given):
    return Namespace(folder=folder, overrides=["steps=3"], precision="float32", **given)


def rows_of(script, made, folder, jobs):
    """The rows of (method, what else names the row) after running each, where it is not there yet."""
    from _atlas import Rows

    rows = Rows(folder, script.KEYS)
    for job in jobs:
        row = script.begun(*job, made)
        if not rows.has(row):
            script.one(rows, row, made)
        assert rows.has(script.begun(*job, made))
    return rows


def test_random_towers_are_judged_by_knn_and_a_linear_probe(tmp_path):
    import atlas_ssl

    rows = rows_of(atlas_ssl, options(tmp_path, set="emoji"), tmp_path, [("random:simclr.tiny", i) for i in (0, 1)])
    one, other = rows.all()
    assert 0 < one["knn_error"] < 0.5 and one["n"] == 64 and one["spec"] == other["spec"]
    assert one["knn"] != other["knn"] and rows.hits(rows.all()).shape == (2, 64)


@pytest.mark.slow
def test_principal_components_stand_for_the_best_linear_code(tmp_path):
    from sklearn.decomposition import PCA

    import atlas_ssl
    from _atlas import Pixels, Principal, part, pictures

    (row,) = rows_of(atlas_ssl, options(tmp_path, set="emoji"), tmp_path, [("pca", 0)]).all()
    assert row["dim"] == 64 and row["overrides"] == "" and 0 < row["explained"] < 1
    train, test = (part("emoji", split, Pixels.rule) for split in ("train", "test"))
    ours = Principal("emoji", 5)
    theirs = PCA(5).fit(train.pixels.reshape(len(train), -1).astype(float))
    found = pictures(ours.rule, test.pixels, ours.vectors)
    expected = theirs.transform(test.pixels.reshape(len(test), -1).astype(float))
    left = np.square(theirs.inverse_transform(expected) - test.pixels.reshape(len(test), -1)).sum()
    whole = np.square(test.pixels.reshape(len(test), -1) - theirs.mean_).sum()
    assert ours.explained == pytest.approx(1 - left / whole, abs=1e-3)
    # ours are of pictures in [-1, 1]
    assert np.square(found * 127.5).sum() / whole == pytest.approx(ours.explained, abs=1e-3)


@pytest.mark.slow
def test_every_method_stands_beside_pixels_and_its_own_tower(tmp_path):
    import atlas_ssl

    made = options(tmp_path, set="emoji")
    jobs = [("pixels", 0), ("random:simclr.tiny", 0), ("random:simclr.tiny", 1), ("simclr.tiny", 0)]
    rows = rows_of(atlas_ssl, made, tmp_path, jobs)
    pixels, one, other, trained = rows.all()
    assert pixels["rankme"] is None and trained["rankme"] >= 1
    assert (trained["steps"], trained["batch"], trained["overrides"]) == (3, 16, "steps=3")
    assert "seed=0" in trained["ran"] and trained["precision"] == "float32"
    assert one["spec"] == other["spec"] == trained["spec"] and one["tower"] == "ViT"
    table = atlas_ssl.table(rows, "emoji")
    lines = [line for line in table.splitlines() if line.startswith("| `simclr.tiny steps=3`")]
    assert len(lines) == 1 and lines[0].count(" ± ") == 6  # two figures, and each against pixels and its own tower
    assert "one run" in table and "families" in table


def test_equal_towers_share_their_random_rows(tmp_path):
    import atlas_ssl
    from _atlas import Rows

    made, rows = options(tmp_path, set="cifar10"), Rows(tmp_path, atlas_ssl.KEYS)
    rows.add(atlas_ssl.begun("random:simclr", 1, made), np.ones((2, 4)))
    assert rows.has(atlas_ssl.begun("random:byol", 1, made))  # the common ResNet both
    assert not rows.has(atlas_ssl.begun("random:byol", 2, made))
    assert not rows.has(atlas_ssl.begun("random:dino", 1, made))
    assert not rows.has(atlas_ssl.begun("simclr", 1, made))
    changed = Namespace(**vars(made) | {"overrides": ["data.size=64"]})
    assert rows.has(atlas_ssl.begun("random:simclr", 1, changed))  # a ResNet takes any size
    assert not rows.has(atlas_ssl.begun("random:dino", 1, changed))


def test_jobs_draw_a_tower_before_its_method():
    from _atlas import jobs

    assert list(jobs(["pixels", "mae"], None)) == [("pixels", 0), *(("random:mae", i) for i in range(3)), ("mae", 0)]
    assert list(jobs(["random:mae"], [5])) == [("random:mae", i) for i in range(3)]
    assert list(jobs(["mae"], [5, 6]))[3:] == [("mae", 5), ("mae", 6)]


def test_emoji_are_found_on_three_kinds_of_ground(tmp_path):
    import atlas_emoji

    made = options(tmp_path)
    jobs = [("pixels", "none", 0), ("random:simclr.tiny", "none", 0)]
    jobs += [("simclr.tiny", kind, 0) for kind in atlas_emoji.KINDS]
    rows = rows_of(atlas_emoji, made, tmp_path, jobs)
    assert [row["queries"] for row in rows.all()] == [64] * 4
    assert all(0 <= row[score] <= 1 for row in rows.all() for score in atlas_emoji.SCORES)
    assert "data.views.kind=graphics" in rows.all()[3]["ran"]
    table = atlas_emoji.table(rows)
    assert all(f"R@1, {score}:" in table for score in atlas_emoji.SCORES)
    line = next(line for line in table.splitlines() if line.startswith("| `simclr.tiny"))
    assert line.count(" ± ") == 7


def test_grounds_differ_and_moves_do_not():
    import atlas_emoji
    from sightline.data.prepare.preprocess import Preprocess

    pixels = np.full((6, 96, 96, 3), 255, np.uint8)
    pixels[:, 30:66, 30:66] = (200, 30, 30)
    rule = Preprocess(size=32)
    plain, photo, white = (atlas_emoji.shown(pixels, rule, atlas_emoji.operations(s, 6)) for s in atlas_emoji.SCORES)
    red = [(p[:, 0] > 0.5) & (p[:, 1] < -0.6) & (p[:, 2] < -0.6) for p in (plain, photo, white)]
    assert (red[0] == red[1]).mean() > 0.97 and (red[0] != red[2]).mean() > 0.02
    assert plain[:, :, 0].std(-1).max() < 0.01 and white[:, :, 0].min() > 0.99
    assert (photo[:, :, 0, :].std(-1) > 0.05).all()  # a photograph's rows are not one colour


@pytest.mark.slow
def test_masks_of_every_kind_hide_the_same_number_of_patches(tmp_path):
    import atlas_masks

    made = options(tmp_path)
    jobs = [("random:mae.tiny", "none", 0), ("mae.tiny", "random", 0), ("mae.tiny", "element", 0)]
    rows = rows_of(atlas_masks, made, tmp_path, jobs)
    _, random, element = rows.all()
    assert random["masked"] == element["masked"] == int(0.6 * 64)
    assert random["masked_ink"] == pytest.approx(0.6, abs=0.15) and 0 < element["masked_ink"] < 1
    line = next(line for line in atlas_masks.table(rows).splitlines() if "| element |" in line)
    assert line.count(" ± ") == 6


@pytest.mark.parametrize("kind", ["random", "block", "element", "sub-element", "crossing"])
def test_the_masks_compared_are_of_one_number(kind):
    import atlas_masks
    from sightline.data.prepare.preprocess import Preprocess

    pixels = atlas_masks.part("emoji", "train", Preprocess(size=96)).pixels
    recipe = atlas_masks.changed("ibot", kind, [])
    assert recipe.parts.image.patch == 4 and recipe.data.views.kind == "graphics"
    assert atlas_masks.hidden(recipe, pixels, most=16)["masked"] == int(0.3 * 64)
    with pytest.raises(ValueError, match="simclr is not compared here"):
        atlas_masks.changed("simclr", kind, [])


def test_errors_are_by_family_and_seeds_are_averaged_first(tmp_path):
    from _atlas import Rows, error

    rng = np.random.default_rng(0)
    families = np.repeat(np.arange(50), 8)
    hits = np.repeat(rng.integers(0, 2, 50), 8).astype(float)  # all drawings of a family alike
    apart = hits[::8].std(ddof=1) / np.sqrt(50)
    assert error(hits, families) == pytest.approx(apart, rel=0.15)
    assert error(hits, None) == pytest.approx(apart / np.sqrt(8), rel=0.05)
    rows = Rows(tmp_path, ("method", "seed"))
    for seed in (0, 1):
        rows.add({"method": "a", "seed": seed}, np.full((1, 4), float(seed)), np.arange(4))
    assert (rows.hits(rows.all()) == 0.5).all() and (rows.families(rows.all()[0]) == np.arange(4)).all()


def test_a_row_has_a_name_that_files_can_have(tmp_path):
    from _atlas import Rows

    rows = Rows(tmp_path, ("method", "overrides"))
    name = rows.name({"method": "random:a", "overrides": "data.source=x/y"})
    assert name == "random_a-data.source=x_y"
    long = [rows.name({"method": "a", "overrides": "b" * 300 + end}) for end in "cd"]
    assert long[0] != long[1] and max(map(len, long)) < 150


def test_background_swap_has_its_control(tmp_path):
    import background_swap

    background_swap.main(["--queries", "12", "--others", "2", "--random", "simclr.tiny", "--folder", str(tmp_path)])
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [(row["encoder"], row["swap"]) for row in rows] == [
        *(("pixels", swap) for swap in (True, False)),
        *(("random:simclr.tiny", swap) for swap in (True, False)),
    ]
    for swapped, control in (rows[:2], rows[2:]):
        assert swapped["drop"] == pytest.approx(control["r1"] - swapped["r1"], abs=1e-4)
    assert len(list((tmp_path / "hits").glob("*.npz"))) == 4


def test_a_mistake_falls_for_the_ground_or_not():
    from background_swap import right

    queries = np.eye(2)
    same = np.array([[1.0, 0], [0, 0.1]])
    shared, own = np.array([[[0.5, 0]], [[0, 0.9]]]), np.array([[[0.2, 0]], [[0, 0.3]]])
    hits, said = right(queries, same, shared, own)
    assert hits.tolist() == [True, False] and said == {"ground_share": 1.0, "mistakes": 1}
