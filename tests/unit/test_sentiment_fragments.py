"""Parts of reviews that a teacher reads for its student."""

from peachdash.sentiment.fragments import fragments, with_fragments


def test_sentences_and_what_is_left_without_each() -> None:
    assert fragments("The cone was soggy. We waited an hour! Never again, folks.") == [
        "The cone was soggy.",
        "We waited an hour!",
        "Never again, folks.",
        "We waited an hour! Never again, folks.",
        "The cone was soggy. Never again, folks.",
        "The cone was soggy. We waited an hour!",
    ]


def test_of_two_sentences_each_is_what_is_left_of_the_other() -> None:
    assert fragments('She said "it is fine." It was not fine.') == [
        'She said "it is fine."',
        "It was not fine.",
    ]


def test_one_sentence_and_short_parts_give_nothing() -> None:
    assert fragments("Just peachy") == []
    assert fragments("") == []
    assert fragments("Yum. Wow! Go.") == []


def test_every_text_comes_once_and_whole_ones_first() -> None:
    texts = ["One two three. Four five six.", "Four five six."]
    assert with_fragments(texts) == [*texts, "One two three."]
