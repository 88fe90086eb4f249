"""The table of what deterministic units win, on a table so small that it says nothing."""

import numpy as np

from benchmarks import conditional_units


def test_a_row_compares_by_default_and_tuned(monkeypatch):
    monkeypatch.setattr(conditional_units, "N_UNITS", 2)
    monkeypatch.setattr(conditional_units, "N_SAMPLES", 5)
    rng = np.random.default_rng(0)
    splits = {name: (rng.random((30, 4)) < 0.5).astype(np.uint8) for name in ("train", "valid")}
    found = conditional_units.compare("noise", splits, 2)
    row = dict(zip(conditional_units.HEADS, found, strict=True))
    assert [row[name] for name in ("Data", "Columns", "Rows", "Epochs")] == ["noise", 4, 30, 2]
    for ending in ("", ", tuned"):
        lateral, units = (
            float(row[f"{name}{ending or ' (nats)'}"]) for name in ("Lateral", "Units")
        )
        assert abs(float(row[f"Gain{ending}"]) - (units - lateral)) < 0.011
    assert float(row["Units, tuned"]) >= float(row["Units (nats)"])
    number, way = row["Chosen"].split(", ")
    assert int(number) in conditional_units.NUMBERS
    assert way in conditional_units.WAYS
