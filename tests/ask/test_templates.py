"""What is put into a text is told from a new version of it by how it changes in time."""

import random
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steplog._ask.prompt_words import _DATE, _ID, DATE, ID, _without_passing, text_of_words, words_of
from steplog._ask.templates import Seen, templates

NAMES = [
    "Ann",
    "Bob",
    "Cyd",
    "Dan",
    "Eve",
    "Fay",
    "Gus",
    "Hal",
    "Ida",
    "Jon",
    "Kim",
    "Lea",
    "Max",
    "Nia",
    "Oli",
    "Pia",
    "Quy",
    "Ria",
    "Sam",
    "Tia",
]


def told(texts, **more):
    seen = [
        Seen(words_of(text), **{name: several[at] for name, several in more.items()})
        for at, text in enumerate(texts)
    ]
    return [(each.skeleton.text, len(each.members)) for each in templates(seen)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Today is 2026-11-27.", "Today is 2025-01-02."),
        ("Today is Friday, 27 November 2026, 14:05 UTC.", "Today is Monday, 2 March 2025, 9:30 UTC."),
        ("It is Nov 3, 2026 at 10:15 PM now", "It is Dec 24, 2026 at 1:05 AM now"),
        ("now 2026-11-27T10:00:00.123456Z go", "now 2026-12-27T23:59:59Z go"),
        (
            "ticket ORD-10293 of ann@example.com",
            "ticket ORD-99 887".replace(" 887", "887") + " of bob@mail.example.org",
        ),
        ("session 3f9a1c2b-0000-4000-8000-1234567890ab", "session 11111111-2222-4333-8444-abcdefabcdef"),
    ],
)
def test_dates_times_and_ids_are_the_same_word_whatever_they_say(one, other):
    assert text_of_words(words_of(one)) == text_of_words(words_of(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("at most 3 sentences", "at most 5 sentences"),
        ("limit 4096", "limit 2048"),
        ("you may buy", "may you buy"),
    ],
)
def test_other_words_and_plain_numbers_are_other_words(one, other):
    assert told([one] * 5 + [other] * 5) == [(one, 5), (other, 5)]


def test_another_users_name_makes_no_version_and_a_changed_word_does():
    before = [f"You help {name} Smith. Be brief." for name in NAMES]
    after = [f"You help {name} Smith. Be kind." for name in NAMES]
    assert told(before + after) == [
        ("You help ‹…› Smith. Be brief.", 20),
        ("You help ‹…› Smith. Be kind.", 20),
    ]


def test_a_change_right_beside_what_is_put_in_is_a_version():
    before = [f"Help {name}" for name in NAMES]
    after = [f"Please assist customer {name} now" for name in NAMES]
    assert told(before + after) == [("Help ‹…›", 20), ("Please assist customer ‹…› now", 20)]


def test_two_users_in_turn_make_no_version_and_two_texts_one_after_the_other_do():
    assert told(["Hi Ann. Go", "Hi Bob. Go"] * 3) == [("Hi ‹…›. Go", 6)]
    assert told(["Hi Ann. Go"] * 5 + ["Hi Bob. Go"] * 5) == [("Hi Ann. Go", 5), ("Hi Bob. Go", 5)]


def test_what_the_conversation_says_itself_makes_no_version():
    own = [" i am ann "] * 5 + [" i am bob "] * 5
    assert told(["Hi Ann. Go"] * 5 + ["Hi Bob. Go"] * 5, own=own) == [("Hi ‹…›. Go", 10)]


def test_each_conversation_counts_once():
    texts = [f"Hi {name}. Go" for name in NAMES[:4] for _ in range(5)]
    threads = [name for name in NAMES[:4] for _ in range(5)]
    assert told(texts, thread=threads) == [("Hi ‹…›. Go", 20)]


def test_two_programs_that_run_side_by_side_are_two_versions():
    texts = ["Be brief.", "Be kind."] * 6
    assert told(texts, writer=["old", "new"] * 6) == [("Be brief.", 6), ("Be kind.", 6)]
    assert told(texts) == [("Be ‹…›.", 12)]


def test_a_prompt_that_was_taken_back_is_the_version_that_it_was():
    assert told(["A b c"] * 4 + ["A b d"] * 4 + ["A b c"] * 4) == [("A b c", 8), ("A b d", 4)]


def test_long_documents_that_are_put_in_make_no_version_and_cost_little():
    chance = random.Random(3)
    words = ["".join(chance.choices("abcdefgh", k=6)) for _ in range(400)]
    texts = [f"Use:\n{' '.join(chance.choices(words, k=700))}\nAnswer." for _ in range(60)]
    changed = [text.replace("Use:", "Use only this:") for text in texts]
    assert told(texts + changed) == [("Use: ‹…›\nAnswer.", 60), ("Use only this: ‹…›\nAnswer.", 60)]


def test_random_texts_fall_into_versions_that_hold_each_of_them_once():
    chance = random.Random(5)
    for _ in range(60):
        count = chance.randint(1, 12)
        texts = [
            " ".join(chance.choices(["a", "b", "c", "d", ".", "\n", "x-1"], k=chance.randint(0, 9)))
            for _ in range(count)
        ]
        found = templates([Seen(words_of(text)) for text in texts])
        assert sorted(member for each in found for member in each.members) == list(range(count))


@given(
    st.lists(
        st.sampled_from(
            ["Friday", "27 November 2026", "at 9:30", "c-8812", "a@b.example", "word", "x" * 50, "\n", "12"]
        ),
        max_size=30,
    )
)
def test_dates_and_ids_are_found_wherever_they_stand(pieces):
    text = " ".join(pieces)
    whole = _ID.sub(ID, _DATE.sub(DATE, text))
    assert "".join(_without_passing(text)) == whole


def test_many_long_prompts_take_little_time_and_memory():
    chance = random.Random(4)
    words = ["".join(chance.choices("abcdefgh", k=6)) for _ in range(2_000)]
    base = " ".join(chance.choices(words, k=1_500))
    texts = [
        f"{base}\nuser {words[n % 700]}\n{' '.join(chance.choices(words, k=200))}\n{'' if n < 240 else 'new'} {base}"
        for n in range(400)
    ]
    tracemalloc.start()
    before = time.process_time()
    found = told(texts)
    spent, (_, most) = time.process_time() - before, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [count for _, count in found] == [240, 160]
    assert most < 60_000_000
    assert spent < 60  # with the memory traced; a tenth without
