import json

import numpy as np
import pytest
from PIL import Image
from small_run import save_run

from sightline.cli.main import main

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (40, 50, 220)}


def noisy(colour, rng, side=16):
    return np.clip(np.array(colour) + rng.normal(0, 30, (side, side, 3)), 0, 255).astype(np.uint8)


def save_classes(folder, counts, seed=0):
    rng = np.random.default_rng(seed)
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(noisy(COLOURS[name], rng)).save(folder / name / f"{number}.png")


def save_dense(folder, count, seed=0):
    """Halves of two colours, top and bottom: the colour says the class, and how far away it is."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    rows = ["image,mask,depth,caption"]
    for number in range(count):
        kinds = rng.permutation(3)[:2]
        picture, mask = np.zeros((16, 16, 3), np.uint8), np.full((16, 16), 255, np.uint8)
        for half, kind in zip((slice(8), slice(8, 16)), kinds, strict=True):
            picture[half], mask[half] = noisy([*COLOURS.values()][kind], rng)[half], kind
        depth = ((mask.astype(np.uint16) + 1) * 700).astype(np.uint16)
        mask[:, 0] = 9  # a number that only --ignore leaves out
        for name, array in (("i", picture), ("m", mask), ("d", depth)):
            Image.fromarray(array).save(folder / f"{name}{number}.png")
        rows.append(f"i{number}.png,m{number}.png,d{number}.png,two halves")
    (folder / "all.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probe")
    save_run(folder / "run")
    save_classes(folder / "colours" / "train", dict.fromkeys(COLOURS, 12))
    save_classes(folder / "colours" / "test", dict.fromkeys(COLOURS, 8), seed=1)
    save_dense(folder / "dense", 24)
    return folder


@pytest.fixture
def place(made, monkeypatch):
    monkeypatch.chdir(made)
    return made


def probe(capsys, *words):
    code = main(["probe", "run", *words])
    out, err = capsys.readouterr()
    return code, out, err


def rows_of(path):
    with open(path, encoding="utf-8") as file:
        return {row["kind"]: row for row in json.load(file)["rows"]}


@pytest.mark.parametrize("task", ["knn", "linear", "attentive"])
def test_colours_are_told_apart_beside_chance_pixels_a_random_tower_and_the_bound(place, capsys, task):
    code, out, _ = probe(capsys, "--data", "colours", "--task", task, "--k", "5", "--json", f"{task}.json")
    assert code == 0
    for name in ("chance (", "raw pixels", "random tower", "\nrun ", "upper bound"):
        assert name in out
    rows = rows_of(f"{task}.json")
    scores = {kind: row["scores"]["accuracy"]["value"] for kind, row in rows.items()}
    assert scores["chance"] == pytest.approx(1 / 3) and scores["bound"] == 1
    assert scores["encoder"] > 0.8 and scores["pixels"] > 0.5
    assert rows["encoder"]["scores"]["accuracy"]["error"] >= 0


def test_an_attentive_probe_says_how_many_parameters_it_has(place, capsys):
    _, _, err = probe(capsys, "--data", "colours", "--task", "attentive", "--json", "attentive.json")
    count = rows_of("attentive.json")["encoder"]["details"]["parameters"]
    assert count == 4 * 32**2 + 7 * 32 + 3 * 32 + 3 and f"run {count:,}" in err


def test_every_stage_has_a_row_and_the_easiest_is_named(place, capsys):
    code, out, err = probe(capsys, "--data", "colours", "--task", "stages", "--k", "5")
    assert code == 0 and "easiest to read: block" in err
    assert "linear" in out and "kNN" in out
    for stage in ("block 0 pooled", "block 0 mean patch", "block 1 pooled", "block 1 mean patch"):
        assert stage in out


def test_masks_are_read_off_patches_above_chance_and_below_the_bound(place, capsys):
    words = ("--data", "dense/all.csv", "--task", "segmentation", "--ignore", "9", "--json", "masks.json")
    code, out, _ = probe(capsys, *words)
    assert code == 0 and "mIoU" in out and "upper bound (patch grid)" in out
    rows = rows_of("masks.json")
    miou = {kind: row["scores"]["miou"]["value"] for kind, row in rows.items()}
    assert miou["chance"] < 0.3 < 0.7 < miou["encoder"] and miou["bound"] == 1
    assert set(rows["encoder"]["details"]["class_iou"]) == {"0", "1", "2"}
    probe(capsys, "--data", "dense/all.csv", "--task", "segmentation", "--json", "all.json")
    assert "9" in rows_of("all.json")["encoder"]["details"]["class_iou"]


def test_depth_is_read_off_patches_and_order_is_told_beyond_height(place, capsys):
    code, out, err = probe(capsys, "--data", "dense/all.csv", "--task", "depth", "--json", "depth.json")
    assert code == 0 and "mean of each place" in out and "height alone" in out
    assert "order beyond height alone: +" in err
    rows = rows_of("depth.json")
    assert rows["encoder"]["scores"]["rmse"]["value"] < 0.4 and rows["bound"]["scores"]["rmse"]["value"] < 1e-6
    assert rows["encoder"]["scores"]["order"]["value"] > 0.9


def test_the_same_command_twice_writes_the_same_bytes(place, capsys):
    written = []
    for name in ("once.json", "again.json"):
        assert probe(capsys, "--data", "dense/all.csv", "--task", "depth", "--seed", "3", "--json", name)[0] == 0
        written.append((place / name).read_bytes())
    assert written[0] == written[1]
    assert json.loads(written[0]).keys() == {
        "format", "sightline", "task", "encoder", "data", "settings", "rows", "notes"
    }  # fmt: skip


def test_what_is_judged_on_may_be_another_source_and_n_bounds_both(place, capsys):
    code, out, _ = probe(
        capsys, "--data", "colours:train", "--eval", "colours:test", "--task", "knn", "--k", "3", "--n", "15"
    )
    assert code == 0 and "judged on colours:test; 15 and 15 pictures" in out


def refused(capsys, *words):
    code, out, err = probe(capsys, *words)
    assert code == 2 and out == ""
    return err


def test_pictures_without_labels_and_with_one_class_are_refused(place, capsys):
    (place / "bare").mkdir(exist_ok=True)
    for number in range(4):
        Image.fromarray(np.full((8, 8, 3), 50 * number, np.uint8)).save(place / "bare" / f"{number}.png")
    assert "bare has no labels" in refused(capsys, "--data", "bare", "--task", "linear")
    save_classes(place / "one", {"red": 6})
    assert "all labelled training pictures are 'red'" in refused(capsys, "--data", "one", "--task", "linear")


def test_a_class_with_one_picture_is_left_out_by_name_and_alone_refused(place, capsys):
    save_classes(place / "single" / "train", {"red": 6, "green": 6, "blue": 1})
    save_classes(place / "single" / "test", {"red": 2, "green": 2, "blue": 2}, seed=1)
    code, out, err = probe(capsys, "--data", "single", "--task", "knn", "--k", "3")
    assert code == 0 and "'blue', of which there is only one training picture" in err and "12 and 4 pictures" in out
    save_classes(place / "lone" / "train", {"red": 6, "green": 1})
    save_classes(place / "lone" / "test", {"red": 2, "green": 2}, seed=1)
    assert "there must be at least two" in refused(capsys, "--data", "lone", "--task", "linear")


def test_fewer_pictures_than_neighbours_are_refused(place, capsys):
    err = refused(capsys, "--data", "colours", "--task", "knn", "--k", "40")
    assert "--k 40: there are only 36 labelled training pictures" in err


def test_a_linear_probe_needs_no_neighbours(place, capsys):
    code, out, err = probe(capsys, "--data", "colours", "--task", "linear", "--k", "100")
    assert code == 0 and "upper bound" in out, err


def test_missing_masks_and_missing_depth_are_refused(place, capsys):
    assert "has no mask" in refused(capsys, "--data", "colours", "--task", "segmentation")
    assert "has no depth" in refused(capsys, "--data", "colours", "--task", "depth")


def test_depth_that_is_nowhere_known_is_refused_with_the_reason(place, capsys):
    rows = ["image,depth,caption"]
    for number in range(4):
        Image.fromarray(np.zeros((16, 16), np.uint16)).save(place / "dense" / f"z{number}.png")
        rows.append(f"i{number}.png,z{number}.png,two halves")
    (place / "dense" / "unknown.csv").write_text("\n".join(rows) + "\n")
    err = refused(capsys, "--data", "dense/unknown.csv", "--task", "depth")
    assert "no pixel of its depth is known" in err


def test_masks_of_another_shape_are_skipped_by_name(place, capsys):
    rows = ["image,mask,caption"]
    for number in range(20):
        rows.append(f"i{number}.png,m{number}.png,two halves")
    Image.fromarray(np.zeros((4, 16), np.uint8)).save(place / "dense" / "flat.png")
    (place / "dense" / "mixed.csv").write_text("\n".join([*rows, "i20.png,flat.png,x", "i21.png,flat.png,x"]) + "\n")
    code, _, err = probe(capsys, "--data", "dense/mixed.csv", "--task", "segmentation", "--ignore", "9")
    assert code == 0 and "its mask is 16 x 4 pixels, the picture 16 x 16" in err


def test_settings_that_cannot_be_are_refused(place, capsys):
    assert "ending" in refused(capsys, "--data", "colours", "--task", "knn", "--json", "knn.txt")
    assert "--k must be at least 1" in refused(capsys, "--data", "colours", "--task", "knn", "--k", "0")
    assert "--task" in refused(capsys, "--data", "colours", "--task", "guess")


def test_another_domain_is_judged_beside_the_oracle_on_the_same_pictures(made, capsys, tmp_path):
    source, target = str(made / "colours"), str(made / "colours")
    out = tmp_path / "shift.json"
    main(["probe", str(made / "run"), "--from", source, "--to", target, "--task", "linear", "--json", str(out)])
    said = capsys.readouterr()
    assert "source on target" in said.out and "the domain costs 0.000" in said.err
    found = json.loads(out.read_text())
    encoder = next(row for row in found["rows"] if row["kind"] == "encoder")
    assert encoder["scores"]["moved"] == encoder["scores"]["oracle"]
    assert encoder["details"]["interval"] == [0.0, 0.0]


@pytest.mark.parametrize(
    "given, said",
    [
        (["--from", "a"], "--from SRC and --to SRC"),
        (["--from", "a", "--to", "b", "--data", "c"], "--from SRC and --to SRC"),
        ([], "give --data SRC"),
    ],
)
def test_what_to_fit_on_is_said_in_one_of_two_ways(made, capsys, given, said):
    assert main(["probe", str(made / "run"), "--task", "linear", *given]) == 2
    assert said in capsys.readouterr().err


def test_dense_tasks_have_no_accuracy_to_compare_domains_by(made, capsys):
    assert main(["probe", str(made / "run"), "--from", "a", "--to", "b", "--task", "depth"]) == 2
    assert "--task knn, linear or attentive; got depth" in capsys.readouterr().err
