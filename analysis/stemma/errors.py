"""The one exception for what a user can mend."""


class StemmaError(Exception):
    """Names what is wrong, where, and what to do about it."""
