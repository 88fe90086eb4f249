"""Numbers that other programs print for published correlations, and the page that shows them."""

import pathlib

from benchmarks import factor_published
from tests.published_factors import published

RESULTS = pathlib.Path(factor_published.__file__).parent / "results"


def test_published_numbers_are_met_to_their_digits():
    rows = list(published())
    assert len(rows) > 90
    assert not [row for row in rows if not (row.agrees or row.why)]


def test_only_heywood_cases_of_r_are_apart():
    apart = [row for row in published() if row.why]
    assert {row.statistic for row in apart} == {"chi square, 3 factors", "p, 3 factors"}
    assert not any(row.agrees for row in apart)


def test_the_page_shows_what_is_computed(tmp_path):
    assert factor_published.main(["--folder", str(tmp_path)]) == 0
    made = (tmp_path / factor_published.NAME).read_text(encoding="utf-8")
    assert made == (RESULTS / factor_published.NAME).read_text(encoding="utf-8")
