"""Types that files of skops hold of this package, and no others."""

_PACKAGE = __name__.partition(".")[0]
_TYPES = (
    "_training.Past",
    "applications.generative_classifier.GenerativeClassifier",
    "applications.label_column.LabelColumn",
    "applications.latent_anomaly_detector.LatentAnomalyDetector",
    "applications.latent_classifier.LatentClassifier",
    "applications.latent_imputer.LatentImputer",
    "applications.transformed_density.TransformedDensity",
    "columns.binary.Binary",
    "columns.categorical.Categorical",
    "columns.layout.Layout",
    "columns.marginal.Marginal",
    "columns.normal.Normal",
    "columns.ordered.Ordered",
    "estimators.factor_analysis.FactorAnalysis",
    "estimators.helmholtz_machine.HelmholtzMachine",
    "estimators.history.History",
    "estimators.published.ReadOnlyList",
    "estimators.schema.Schema",
    "estimators.sigmoid_belief_net.SigmoidBeliefNet",
    "estimators.weights.Weights",
    "factors.linear_gaussian.LinearGaussian",
    "factors.moments.SecondMoments",
    "layers.affine.Affine",
    "layers.conditional.Conditional",
    "layers.lateral.Lateral",
    "machines.baselines.Baseline",
    "machines.baselines.WithBaselines",
    "machines.belief_net.BeliefNet",
    "machines.chain.Chain",
    "machines.helmholtz.Helmholtz",
    "models.belief_net.BeliefNetModel",
    "models.encoding.Encoding",
    "models.linear_gaussian.LinearGaussianModel",
    "rows.scaling.Scaling",
    "rows.scaling.Unscaled",
    "units.bernoulli.Bernoulli",
    "units.gaussian.Gaussian",
    "units.mixed.Mixed",
    "units.poisson.Poisson",
)

#: Names of the types that `skops.io.load` has to trust to read estimators of this package: its own
#: values made of arrays, whose construction runs nothing but the package.
TRUSTED_TYPES = [f"{_PACKAGE}.{name}" for name in _TYPES]
