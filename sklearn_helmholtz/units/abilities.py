"""Abilities: what can be done with a layer of units, and so with a machine."""

import enum


class Ability(enum.StrEnum):
    """Something that algorithms need of every layer of a machine, as their errors name it."""

    ENUMERATE = "enumeration of the hidden states"
    LEARN_EXACTLY = "learning by enumeration"
    GIBBS = "Gibbs sampling"
    MEAN_FIELD = "mean field"
    ANNEAL = "annealing"
    ELLIPTICAL = "elliptical slice sampling"


EVERYTHING = frozenset(Ability)
OF_BITS = EVERYTHING - {Ability.ELLIPTICAL}  # which moves real numbers
NOTHING = frozenset()


class Missing(enum.Enum):
    """Treatment of a missing value on which other units depend.

    SUMMED : over all values it may have; INTEGRATED : in closed form; DRAWN : from its own
    conditional, and weighed by what comes after it; LISTED : summed over levels where these are
    few, in rows where nothing but levels is missing, and otherwise drawn.
    """

    SUMMED = "summed"
    INTEGRATED = "integrated"
    DRAWN = "drawn"
    LISTED = "listed"

    @property
    def abilities(self):
        """Abilities that machines keep where such values are missing."""
        return _ABILITIES[self]


_ABILITIES = {
    Missing.SUMMED: EVERYTHING,
    Missing.INTEGRATED: EVERYTHING - {Ability.MEAN_FIELD},
    Missing.DRAWN: NOTHING,
    Missing.LISTED: frozenset({Ability.ENUMERATE}),
}
