"""Layout of a graph of layers: its nodes and edges, chosen by weight, and where they stand."""

import numpy as np


def _largest(sizes, most):
    """The numbers of the largest of some sizes, in their order."""
    return np.sort(np.argsort(-sizes, kind="stable")[:most])


def kept_nodes(weights, max_units, max_columns):
    """The numbers of what is drawn of each layer, columns first."""
    units = _largest(np.square(weights[0]).sum(axis=1), max_units)
    kept = [_largest(np.abs(weights[0][units]).max(axis=0), max_columns), units]
    for layer in weights[1:]:
        kept.append(_largest(np.square(layer[:, kept[-1]]).sum(axis=1), max_units))
    return kept


def strongest_edges(weights, kept, n_strongest):
    """The strongest edges from each unit down to what is drawn: (layer, unit, below, weight)."""
    edges = []
    for layer, matrix in enumerate(weights, 1):
        for unit in kept[layer]:
            own = matrix[unit, kept[layer - 1]]
            strongest = np.argsort(-np.abs(own), kind="stable")[:n_strongest]
            edges += [
                (layer, int(unit), int(kept[layer - 1][place]), float(own[place]))
                for place in strongest
                if own[place] != 0
            ]
    return edges


def node_places(edges, kept):
    """Places of the nodes of each layer from 0 to 1, by number: units above what they drive."""
    places = [_spread(kept[0])]
    for layer, units in enumerate(kept[1:], 1):
        centres = []
        for unit in units:
            own = [(below, abs(weight)) for n, u, below, weight in edges if (n, u) == (layer, unit)]
            weights = [weight for _, weight in own]
            where = [places[-1][below] for below, _ in own]
            centres.append(np.average(where, weights=weights) if own else np.inf)
        places.append(_spread(units[np.argsort(centres, kind="stable")]))
    return places


def _spread(numbers):
    """Places at equal distances, by number."""
    return {int(n): (place + 0.5) / len(numbers) for place, n in enumerate(numbers)}
