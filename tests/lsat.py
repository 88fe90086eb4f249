"""Answers of 1000 people to five items each of sections 6 and 7 of the Law School Admission Test.

Bock & Lieberman (1970), Fitting a response model for n dichotomously scored items, Psychometrika
35, 179-197; section 6 is in R's ``ltm::LSAT``, section 7 in ``mirt::LSAT7``.
"""

import numpy as np

# Rows with each pattern, from 00000 to 11111 as binary numbers.
SIX = [
    3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15,
    10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298,
]  # fmt: skip


def patterns():
    """All right (1) and wrong (0) answers to five items, (32, 5)."""
    return (np.arange(32)[:, None] >> np.arange(4, -1, -1)) & 1


def section_six():
    """The answers, (1000, 5)."""
    return np.repeat(patterns(), SIX, axis=0)
