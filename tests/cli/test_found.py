"""What is printed of an answer in words."""

from sightline.cli.found import WIDEST, left_out, likely, lines, reasons
from sightline.search.read import Answer, Hit


def hit(rank, name, match="picture", captions=(), line=None, relevant=None, folders=()):
    return Hit(
        rank, 0.5, rank, name, f"/p/{name}.svg", name, captions, 1, 1, match, None, None, line, False, relevant, folders
    )


HITS = [
    hit(1, "creditCards", "name"),
    hit(2, "gift-card", "both", ("Gift card", "pay")),
    hit(3, "wallet", "words", ("purse", "credit note"), "credit note"),
    hit(4, "bank", "said", line="payment method"),
    hit(5, "dog", "picture", line="dog"),
    hit(6, "plain", "words", folders=("icons", "credit")),
]


def test_the_reason_is_what_was_found_and_not_a_number():
    assert reasons(HITS, "a credit car") == [
        "name",
        "words: card",
        "words: credit",
        'said: "payment method"',
        "looks like it",
        "words: credit",
    ]
    assert reasons(HITS[1:2], "cards paying") == ["words: card pay"]
    assert reasons(HITS[5:], "credit in:icons") == ["words: credit"]
    assert reasons(HITS[4:5], "🦊") == ["looks like it"] and reasons([hit(1, "x", "")], "in:x") == [""]


def test_paths_stand_below_each_other_whatever_is_before_them():
    told = ["name", "words: 信用卡", "said: " + "x" * 99, "a\x1b[31m"]
    printed = lines(HITS[:4], told)
    assert printed[0] == f"   1  {'name':{WIDEST}}  /p/creditCards.svg"
    assert printed[1] == f"   2  words: 信用卡{' ' * (WIDEST - 13)}  /p/gift-card.svg"
    assert printed[2] == f"   3  said: {'x' * (WIDEST - 7)}…  /p/wallet.svg"
    assert printed[3].startswith("   4  a\\x1b[31m ") and all(line.isprintable() for line in printed)


def test_what_is_left_out_is_counted_with_the_way_to_see_it():
    def answer(verdicts, relevant):
        return Answer([hit(n, str(n), relevant=one) for n, one in enumerate(verdicts, 1)], relevant=relevant)

    some = answer([True, True, False, False], 2)
    assert [one.rank for one in likely(some)] == [1, 2]
    assert left_out(some, 2) == ["2 more that are less likely: --all"] and left_out(some, 4) == []
    assert left_out(answer([True, False], 1), 1) == ["1 more that is less likely: --all"]
    assert left_out(answer([True, True], 31), 2) == ["29 more that are relevant: -k 31"]
    assert left_out(answer([True], 2), 1) == ["1 more that is relevant: -k 2"]
    # a copy that was lost since is counted and not shown
    assert left_out(answer([True, False], 3), 2) == []
    unjudged = answer([None, None], None)
    assert len(likely(unjudged)) == 2 and left_out(unjudged, 2) == []
    assert likely(answer([False], 0)) == []
