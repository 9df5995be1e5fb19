"""The one exception for a user's mistake, and its kind that making a file again mends."""


class UserError(Exception):
    """A mistake of the user, told in one line: what is wrong, where, what is allowed, what to do
    next.

    The command line prints it without a traceback and exits with code 2.
    """


class Damaged(UserError):
    """A file of results whose content is wrong, unlike one that cannot be read for now; made again
    it will be right."""
