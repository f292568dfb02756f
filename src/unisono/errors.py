"""What a user can get wrong, said in a sentence instead of a traceback."""


class UserError(Exception):
    """A mistake that the user can mend.

    The message names the file or key, what was found, what was expected, and what to do next.
    """
