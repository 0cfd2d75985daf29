"""The one exception for what a user can mend, and the one warning."""


class StemmaError(Exception):
    """Names what is wrong, where, and what to do about it."""


class StemmaWarning(UserWarning):
    """Names what is wrong with a file, where, and what is shown all the same."""
