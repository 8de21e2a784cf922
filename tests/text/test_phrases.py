"""The phrases of a caption are exactly its n-grams, without what names nothing."""

from sightline.text.phrases import BREAK, JOINS, LONGEST, MOST, phrases


def test_phrases_are_all_ngrams_between_marks_and_words_that_name_nothing():
    assert phrases(["A small red heart left of the blue gear, on a striped background"]) == [
        "small red heart",
        "small red",
        "small",
        "red heart",
        "red",
        "heart",
        "blue gear",
        "blue",
        "gear",
        "striped",
    ]


def test_equal_to_every_window_of_a_plain_row_of_words():
    words = "one tall green wooden garden chair".split()
    windows = [" ".join(words[i : i + n]) for i in range(6) for n in range(LONGEST, 0, -1) if i + n <= 6]
    assert phrases([" ".join(words)]) == windows
    assert phrases([" ".join(words)], longest=1) == words


def test_of_joins_two_words_and_ends_no_phrase():
    assert phrases(["a cup of tea"]) == ["cup of tea", "cup", "tea"]
    assert phrases(["of tea"]) == ["tea"] and phrases(["a cup of the tea"]) == ["cup", "tea"]
    assert phrases(["4 of 5 stars"]) == ["4 of 5 stars", "5 stars", "stars"]


def test_no_phrase_has_a_word_that_names_nothing_at_its_ends_or_within():
    caption = 'two dogs and a cat sit under the "old oak" of my street; 3 birds, well-fed, watch - they’re quiet'
    found = phrases([caption, caption.upper()])
    assert found == phrases([caption]) and "old oak" in found and "well-fed" in found
    for phrase in found:
        words = phrase.split()
        assert not BREAK & set(words) and JOINS not in (words[0], words[-1])
        assert len(words) <= LONGEST and phrase == phrase.lower()


def test_what_is_said_not_to_be_there_is_not_looked_for():
    assert phrases(["a bathroom with no toilets and a red bucket"])[:2] == ["bathroom", "red bucket"]
    assert phrases(["a cat without a hat, sleeping"]) == ["cat", "sleeping"]


def test_captions_that_say_the_same_say_it_once_and_no_more_than_the_limit():
    assert phrases(["a star", "the star.", "Star"]) == ["star"]
    assert phrases([]) == phrases(["", "on the left", "2 3"]) == []
    many = [f"thing{letter}{other}" for letter in "abcdefghij" for other in "abcdefghij"]
    assert phrases(many) == many[:MOST] and phrases(many, most=3) == many[:3]
