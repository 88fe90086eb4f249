"""The guide can be read: chapters of one sitting, code that fits on a phone, no dead ends."""

import pathlib
import re

import pytest

DOC = pathlib.Path(__file__).parents[2] / "doc"
CHAPTERS = sorted((DOC / "guide").glob("*.rst"))
PAGES = [*CHAPTERS, *(DOC / f"{name}.rst" for name in ("getting_started", "how_long", "trust"))]
LONGEST = 2500  # words, tables and code among them
WIDEST = 76  # columns of code
INPUT = re.compile(r"^ *(>>>|\.\.\.) (.*)$")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_chapters_are_of_one_sitting_with_code_that_fits(page):
    text = page.read_text("utf-8")
    if page.stem not in ("errors", "index"):  # looked up, not read
        assert 300 < len(text.split()) < LONGEST
    wide = [line for line in text.splitlines() if INPUT.match(line) and len(line) > WIDEST]
    assert not wide


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda path: path.stem)
def test_chapters_open_with_a_label_search_words_and_are_listed(page):
    text = page.read_text("utf-8")
    assert text.startswith(".. _")
    if page.stem != "index":
        assert ".. index::" in text
        assert f"\n   {page.stem}\n" in (DOC / "guide" / "index.rst").read_text("utf-8")


@pytest.mark.parametrize(
    "word",
    ["one-hot", "categorical", "survey weights", "outlier", "cluster", "text", "psych", "VAE",
     "RBM", "factor scores", "class imbalance", "time series", "multiple imputation", "Likert"],
)  # fmt: skip
def test_words_that_users_type_are_there(word):
    assert any(word.lower() in page.read_text("utf-8").lower() for page in CHAPTERS)
