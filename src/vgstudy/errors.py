"""The one exception for a user's mistake."""


class UserError(Exception):
    """A mistake of the user, told in one line: what is wrong, where, what is allowed, what to do next.

    The command line prints it without a traceback and exits with code 2.
    """
