"""Settings that must hold before anything else is imported."""

import os

# scikit-learn's check of array API input needs SciPy's support, which is decided at its import.
os.environ.setdefault("SCIPY_ARRAY_API", "1")
