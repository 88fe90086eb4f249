"""What rules cost that go through rows one by one, in multiplications of a product of matrices.

A row block is worth a thread's while from some millions of those on.
"""

OF_A_FUNCTION = 64  # an exponential of one number, or the like
