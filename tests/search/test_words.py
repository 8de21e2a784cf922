import sqlite3

import pytest

from sightline.search.words import MOST, exact_line, stored_lines, stored_words, terms, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("credit-card_2", "credit card 2"),
        ("creditCard", "credit card"),
        ("HTMLFile2x", "html file2x"),
        ("Crème Brûlée", "creme brulee"),
        ("STRASSE straße", "strasse strasse"),
        ("ｆｕｌｌ　ｗｉｄｔｈ ﬁle", "full width file"),
        ("信用卡 がガス", "信用卡 がガス"),
        ("हिन्दी", stored_words("हिन्दी")),
        ("🦊 ... (*\"':", ""),
        ("", ""),
    ],
)
def test_names_captions_and_queries_become_the_same_words(text, expected):
    assert stored_words(text) == " ".join(words(text)) == expected
    assert stored_words(expected) == expected  # stored words are words


def test_lines_are_one_for_each_thing_said():
    assert stored_lines(["Credit-Card", "creditCard", "", "🦊", "to pay"]) == "credit card\nto pay"


HOSTILE = [
    *("NEAR(a b)", "AND", "OR OR", "NOT x", '"', '"unbalanced', "a:b", "called : x", "*", "a*", "^a", "-x", "+a +b"),
    *("{called said} : a", "((((", "a) OR (b", "'; DROP TABLE picture; --", "%_", '" OR called : "x'),
    *("\0", "a\0b", "\udcff", "a" * 10_000, "a b " * 2500, "🦊🔴", "\u202e"),
]


@pytest.mark.parametrize("query", HOSTILE)
def test_nothing_typed_is_syntax(query):
    wanted = terms(query)
    assert bool(wanted) == bool(words(query))
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5 (called, said)")
        for expression in (one for term in wanted for one in term):
            # a quoted run of letters and digits, or one with a star after it
            body = expression.removesuffix("*")
            assert body[0] == body[-1] == '"' and body[1:-1].isalnum()
            connection.execute("SELECT * FROM t WHERE t MATCH ?", (f"{{called said}} : {expression}",)).fetchall()
    connection.close()


def typed(query):
    return [term.typed for term in terms(query)]


def test_at_most_so_many_distinct_words_each_once():
    assert len(terms(" ".join(f"w{i}" for i in range(500)))) == MOST
    assert typed("card Card CARDS card") == ['"card"', '"cards"*']


def test_only_the_last_word_and_unspaced_scripts_may_be_the_start_of_a_word():
    assert typed("credit car") == ['"credit"', '"car"*'] and terms("credit car")[1].word == '"car"'
    assert typed("credit c") == ['"credit"', '"c"']
    assert typed("信 card") == ['"信"*', '"card"*']


def test_a_whole_query_is_a_line_unless_no_line_is_so_long():
    assert exact_line("Credit-Card") == "credit card"
    assert exact_line("🦊") is None and exact_line("a " * 65) is None
