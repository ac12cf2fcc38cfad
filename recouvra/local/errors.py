"""What goes wrong on the machine, said in one sentence."""

import os


def readers_language() -> str | None:
    """`fr` or `en` as the environment asks for it, None where it asks for neither."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if named := os.environ.get(variable):
            return named[:2] if named[:2] in ("fr", "en") else None
    return None


def in_the_readers_language(fr: str, en: str) -> str:
    """The sentence in the language that the environment asks for; French, then English, where it asks for neither."""
    return {"fr": fr, "en": en}.get(readers_language() or "", f"{fr}\n{en}")


class LocalError(Exception):
    """The stack cannot start or go on; both sentences tell the reader what to do.

    `exit_code` is what a command ends with: 1 broken, 2 wrong use.
    """

    def __init__(self, fr: str, en: str, *, exit_code: int = 1) -> None:
        super().__init__(fr, en)
        self.fr = fr
        self.en = en
        self.exit_code = exit_code

    def __str__(self) -> str:
        return in_the_readers_language(self.fr, self.en)
