"""The one exception for what a user can correct, and the one warning."""


class StemmaError(Exception):
    """Names what is wrong, where, and the remedy."""


class StemmaWarning(UserWarning):
    """Names what is wrong with a file, where, and what is shown all the same."""
