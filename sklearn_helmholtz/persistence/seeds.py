"""Seeds in archives: four words of 32 bits, as `_keys.draw_seed` draws them."""

_N_WORDS, _HIGHEST = 4, 2**32 - 1


def read_seed(part):
    """The seed of a part, or a ValueError where it has not the words of one."""
    seed = part.wholes("seed", 0, _HIGHEST)
    if len(seed) != _N_WORDS:
        raise ValueError(f"a seed of it has {len(seed)} words, and not {_N_WORDS}")
    return seed
