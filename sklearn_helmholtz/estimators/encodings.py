"""The encoding that training data get: by what users say of columns, or by what these hold."""

from ..models import choose_family, fit_encoding, fit_mixed_encoding
from ..units import FAMILIES
from .doubts import notify_of_doubts
from .frames import is_mixed_frame
from .schema import Schema
from .surveys import Survey


class EncodingMixin:
    """Chooses units and encoding by the parameter ``visible``."""

    _fit_mixed = staticmethod(fit_mixed_encoding)

    def _fit_encoding(self, X, summary, indices, weights):
        """Encoding, units and intercept for data; those of mixed columns see their codes.

        Where all columns are binary they are Bernoulli units, and the machine is one of these.
        """
        schema = self._schema
        if schema is None:
            family = choose_family(self.visible, summary)
            if self.visible == "auto":
                notify_of_doubts(X, summary, self._names)
            return fit_encoding(family, X, summary, indices, weights, self._names)
        if not self._learns_mixed_units:
            family = FAMILIES["bernoulli"]
            return fit_encoding(family, X, summary, indices, weights, self._names)
        n_levels = [None if levels is None else len(levels) for levels in schema.categories]
        return self._fit_mixed(
            schema.kinds, n_levels, schema.resolutions, X, indices, weights, self._names
        )

    @property
    def _learns_mixed_units(self):
        """Whether the columns to learn from are mixed, and not all of them binary."""
        return self._schema is not None and not self._schema.is_binary

    @property
    def _is_mixed(self):
        return self._says_columns or self.visible == "mixed"

    def _sees_mixed(self, X):
        return self._is_mixed or (self.visible == "auto" and is_mixed_frame(X))

    def _new_schema(self, X):
        return self._schema_of(Survey.of(X)) if self._sees_mixed(X) else None

    def _schema_of(self, survey):
        """The `Schema` of training data whose columns are mixed, from a `Survey` of them."""
        return Schema.of_survey(survey, self.visible if self._says_columns else "mixed")

    @property
    def _says_columns(self):
        """Whether the parameter speaks of columns one by one."""
        return not isinstance(self.visible, str)
