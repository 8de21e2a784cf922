"""A translator's verb: greedy, the same however many texts are given at a time; where it looked; the probe."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import sightline
from sightline.cli.main import main
from sightline.data.grammars.source import Grammars
from sightline.data.sources.source import open_source
from sightline.measure.look.words import looked, matrix
from sightline.probes.heldout.prepared import Prepared
from sightline.probes.heldout.subject import Subject
from sightline.probes.heldout.translated import Translated
from sightline.recipes.find import train
from sightline.weights.capabilities.translates import aligned

TEXTS = ["a red heart on a white background", "a blue gear above a pink fish on a dotted background"]


class Loud(Grammars):
    """Translations that begin every word with a capital."""

    def __getitem__(self, index):
        sample = super().__getitem__(index)
        return replace(sample, translation=(sample.translation[0].title(),))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("translator")
    train("seq2seq.tiny", out=out, overrides=["steps=30"], device="cpu", quiet=True)
    return out


@pytest.fixture(scope="module")
def run(folder):
    return sightline.load(folder, device="cpu")


def test_each_token_is_the_likeliest_after_those_before_it(run):
    model, tokenizer = run.parts["translator"], run.tokenizer
    for text, said in zip(TEXTS, run.translate(TEXTS), strict=True):
        assert run.translate(text) == [said]
        source, target = torch.from_numpy(tokenizer([text])), []
        while len(target) < model.length and (not target or target[-1] != model.end):
            with torch.no_grad():
                logits = model(source, torch.tensor([[*target, 0]]))
            target.append(int(logits[0, -1].argmax()))
        assert tokenizer.decode(target) == said


def test_where_it_looked_has_a_row_for_each_token_it_wrote(run):
    found = aligned(run, TEXTS[0])
    written = found.target[:-1] if found.target[-1] == "end" else found.target
    assert "".join(written) == run.translate(TEXTS[0])[0].replace(" ", "")
    assert found.source[-1] == "end"
    assert found.maps.shape == (1, 2, len(found.target), len(found.source))
    np.testing.assert_allclose(found.maps.sum(-1), 1, rtol=1e-5)
    drawn = looked(found)
    assert drawn.width > 24 * len(found.source) and drawn.height > 24 * len(found.target)
    with pytest.raises(ValueError, match="2 words down and 1 across"):
        matrix(np.zeros((1, 2)), ("a",), ("b", "c"))


def test_what_cannot_be_translated_is_refused(run):
    for texts, reason in (([""], "1 of 1 texts have none"), (["heart " * 40], "more than the 23 tokens")):
        with pytest.raises(ValueError, match=reason):
            run.translate(texts)
    with pytest.raises(ValueError, match="writes 1 to 24 tokens"):
        run.translate(TEXTS, length=25)
    assert run.translate([]) == []
    with pytest.raises(ValueError, match="cannot embed pictures: it translates"):
        run.encode_image(torch.zeros(1, 3, 8, 8))


def test_the_probe_scores_one_who_knows_at_1_and_one_answer_to_all_at_its_chance():
    source = open_source("grammars:test?n=60")
    held = Prepared(source, None, samples=60, seed=0)
    assert len(held) == 60 and held.pictures.shape == (60, 0)
    truth = {sample.captions[0]: sample.translation[0] for sample in map(source.__getitem__, range(60))}

    class Face:
        def __init__(self, answer):
            self.translate = lambda texts: [answer(text) for text in texts]
            self.tokenizer = type("T", (), {"cut": staticmethod(lambda texts: [False] * len(texts))})

    knows = Translated().score(Subject(held, face=Face(truth.__getitem__)))
    assert knows["exact"] == knows["words_right"] == 1 and knows["n_exact"] == 60
    loud = Prepared(Loud(n=60, split="test"), None, samples=60, seed=0)
    assert loud.translations == [said.title() for said in held.translations]
    assert Translated().score(Subject(loud, face=Face(truth.__getitem__))) == knows
    common = max(truth.values(), key=list(truth.values()).count)
    always = Translated().score(Subject(held, face=Face(lambda text: common)))
    assert always["exact"] == always["chance_exact"] < 0.1
    assert always["words_right"] <= always["chance_words_right"] < 0.5


def test_the_verb_prints_translations_and_draws_where_it_looked(run, folder, tmp_path, capsys):
    folder, drawn = str(folder), tmp_path / "attention.png"
    assert main(["translate", folder, *TEXTS, "--device", "cpu"]) == 0
    assert capsys.readouterr().out.splitlines() == run.translate(TEXTS)
    assert main(["translate", folder, TEXTS[0], "--json", "--out", str(drawn), "--device", "cpu"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["results"] == [{"text": TEXTS[0], "translation": run.translate(TEXTS[0])[0]}]
    with Image.open(drawn) as shown:
        assert shown.size == looked(aligned(run, TEXTS[0])).size
    assert main(["translate", folder]) == 2 and "needs a text" in capsys.readouterr().err
    assert main(["translate", folder, *TEXTS, "--out", str(drawn)]) == 2
    assert "of one text" in capsys.readouterr().err
