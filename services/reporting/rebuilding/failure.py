"""Why a rebuild ends without a swap."""


class RebuildError(RuntimeError):
    """It cannot go on; the sentence, French first, says what to do. Whatever was filled stays for the next run."""
