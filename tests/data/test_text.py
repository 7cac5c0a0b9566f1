"""Texts become windows of token numbers; every token that is unknown, and everything that is no text, is named."""

from __future__ import annotations

import collections
import hashlib

import numpy as np
import pytest

from bpframe.data import AliceData, TextData, Vocabulary, alice, read_inputs
from bpframe.data.place import Place
from bpframe.errors import DataError, SpecError


def text_of(data, numbers):
    return data.preparation.vocabulary.text(numbers)


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.txt", **settings):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return TextData(path=name, **settings).load(tmp_path, "float32", class_numbers=True)

    return write


def test_targets_are_the_characters_that_follow_each(written):
    data = written("abcabcabd", length=3)
    assert [text_of(data, row) for row in data.x] == ["abc", "abc"]
    assert [text_of(data, row) for row in data.y] == ["bca", "bca"]
    assert data.x.dtype == data.y.dtype == np.int64
    assert data.preparation.vocabulary.tokens == ("a", "b", "c", "d")


def test_the_last_target_is_the_one_after_the_window(written):
    data = written("abcabcabd", length=3, targets="last", stride=1)
    assert [text_of(data, row) for row in data.x] == ["abc", "bca", "cab", "abc", "bca", "cab"]
    assert text_of(data, data.y) == "abcabd"


def test_one_hot_targets_are_the_same_numbers(tmp_path, written):
    numbers = written("hello world", length=4).y
    rows = TextData(path="a.txt", length=4).load(tmp_path, "float32").y
    assert rows.shape == (2, 4, 8)
    assert rows.dtype == np.float32
    assert (rows.sum(axis=-1) == 1).all()
    np.testing.assert_array_equal(rows.argmax(axis=-1), numbers)


def test_no_token_is_in_both_parts(written):
    text = "".join(chr(0x4E00 + k) for k in range(100))  # each character once
    data = written(text, length=5, stride=1, test_fraction=0.3)
    train, test = ({*map(int, x.flat), *map(int, y.flat)} for x, y in ((data.x, data.y), (data.x_test, data.y_test)))
    assert train == set(range(70))
    assert test == set(range(70, 100))


def test_bytes_are_their_own_numbers(written):
    data = written(b"\x00\xff\xfe\x00\x01", unit="bytes", length=4)
    assert data.x.tolist() == [[0, 255, 254, 0]]
    assert len(data.preparation.vocabulary) == 256


def test_words_of_the_held_back_part_that_are_new_are_unknown(written):
    data = written("The cat, the dog. A bird!", unit="words", length=1, test_count=3, lower_case=True)
    assert data.preparation.vocabulary.tokens == ("<unknown>", ",", ".", "cat", "dog", "the")
    assert data.x_test.tolist() == [[0], [0]]


def test_the_most_frequent_tokens_are_kept(written):
    data = written("a b b c c c d d d d", unit="words", vocabulary=3, length=4)
    counted = collections.Counter(["a", "b", "b", "c", "c", "c", "d", "d", "d", "d"]).most_common(2)
    assert data.preparation.vocabulary.tokens == ("<unknown>", *sorted(word for word, _ in counted))


def test_line_ends_and_a_byte_order_mark_are_no_characters_of_their_own(written):
    assert written(b"\xef\xbb\xbfab\r\ncd\re", length=2).preparation.vocabulary.tokens == ("\n", *"abcde")


@pytest.mark.parametrize(
    ("content", "settings", "problem"),
    [
        (b"caf\xe9 au lait", {}, "not UTF-8"),
        (b"", {}, "too few characters for training"),
        (b"ab", {"length": 2}, "too few characters"),
        (b"a\0b", {"length": 1}, "NUL"),
        (b"abcdef", {"length": 2, "test_count": 2}, "held back"),
        (b"abcdef", {"length": 2, "vocabulary": ("a", "b")}, "'c', number 2"),
        (b"   ", {"unit": "words", "length": 1}, "too few words"),
    ],
)
def test_what_cannot_be_cut_into_windows_is_refused(written, content, settings, problem):
    with pytest.raises(DataError, match=problem):
        written(content, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"unit": "bytes", "vocabulary": 5},
        {"vocabulary": ("a", "a")},
        {"test_fraction": 0.1, "test_count": 3},
        {"length": 0},
    ],
)
def test_settings_that_contradict_are_refused(settings):
    with pytest.raises(SpecError):
        TextData(path="a.txt", **settings)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no data file"):
        TextData(path="none.txt").load(tmp_path)


def test_new_texts_are_taken_as_texts_or_as_numbers(written):
    preparation = written("abcdabcd", length=2).preparation
    assert preparation.apply_inputs(["ab", "cd"]).tolist() == [[0, 1], [2, 3]]
    assert preparation.apply_inputs(np.array([[0.0, 3.0]])).tolist() == [[0, 3]]
    assert preparation.apply_targets(["d", "a"]).tolist() == [3, 0]
    assert preparation.apply_targets(["da", "ab"]).tolist() == [[3, 0], [0, 1]]
    assert preparation.labels(np.eye(4)[[[0, 1], [3, 2]]]) == ["ab", "dc"]
    assert preparation.labels(np.eye(4)[[1, 2]]) == ["b", "c"]


@pytest.mark.parametrize(
    "wrong", [["abc"], ["ab", "a"], ["xy"], [[0, 4]], [[-1, 0]], [[0.5, 1]], [[np.nan, 1]], [[None, 1]]]
)
def test_new_inputs_that_are_no_windows_are_refused(written, wrong):
    preparation = written("abcdabcd", length=2).preparation
    with pytest.raises(DataError):
        preparation.apply_inputs(wrong)


def test_a_text_file_is_predicted_from_in_the_windows_of_the_training(tmp_path, written):
    data = written("abcdabcd", length=3, stride=2)
    source = TextData(path="a.txt", length=3, stride=2)
    (tmp_path / "new.txt").write_text("dcbadc")
    x, place = read_inputs("new.txt", base=tmp_path, source=source, preparation=data.preparation)
    assert [text_of(data, row) for row in data.preparation.apply_inputs(x, place)] == ["dcb", "bad"]
    with pytest.raises(DataError, match="no kind of file"):
        read_inputs("new.txt", base=tmp_path)


def test_a_vocabulary_survives_json():
    given = Vocabulary(unit="words", tokens=("<unknown>", "a", "\N{GREEK SMALL LETTER ALPHA}"))
    assert Vocabulary.model_validate_json(given.model_dump_json()) == given
    assert given.given(["a b"], Place("x")).tolist() == [[1, 0]]


def test_the_text_in_the_package_is_the_one_that_the_readme_describes():
    content = alice._FILE.read_bytes()
    assert hashlib.sha256(content).hexdigest() == "65c903914259c9059473e03fadc5c096c26661cf9d1a1a48eb4c51c3029ecdd5"
    assert len(content) == 86_886
    data = AliceData(length=64).load(class_numbers=True)
    assert data.x.shape[1:] == data.x_test.shape[1:] == (64,)
    assert len(data.preparation.vocabulary) == 67
    assert "CHAPTER I" in text_of(data, data.x[0])
    assert len(AliceData(test_count=0).load().x) == 86_885 // 32
