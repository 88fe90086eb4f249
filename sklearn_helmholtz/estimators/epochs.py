"""Epochs of which training takes as many as its steps need."""


def epochs_for(n_steps, n_rows, batch_size, limits):
    """Epochs of so many steps; limits : the fewest and the most."""
    steps_of_an_epoch = -(-max(n_rows, 1) // batch_size)
    fewest, most = limits
    return min(max(-(-n_steps // steps_of_an_epoch), fewest), most)
