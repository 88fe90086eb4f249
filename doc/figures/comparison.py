"""The comparison of the guide's chapter on pictures."""

from sklearn.datasets import load_wine

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz.plotting import LikelihoodComparisonDisplay

X = load_wine().data
models = {f"{n} factor(s)": FactorAnalysis(n).fit(X[::2]) for n in (1, 2, 3)}
LikelihoodComparisonDisplay.from_estimators(models, X[1::2])
