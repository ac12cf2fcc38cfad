"""What else a payer has declared for a period, looked up by insured number. Source: DEF-024."""

from collections.abc import Iterable


class Beside:
    """A payer's declarations in force for one period, by the numbers of their accepted lines.

    Asked a number at a time, so that a declaration is judged as fast beside a thousand others as beside one.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._by_number: dict[str, list[str]] = {}

    def add(self, declaration_id: str, numbers: Iterable[str]) -> None:
        """One that takes effect now, after all that are here; `numbers` holds each of its accepted ones once."""
        self._names.add(declaration_id)
        for number in numbers:
            self._by_number.setdefault(number, []).append(declaration_id)

    def remove(self, declaration_id: str, numbers: Iterable[str]) -> None:
        """One that was replaced, with the numbers that it was added with."""
        self._names.remove(declaration_id)
        for number in numbers:
            self._by_number[number].remove(declaration_id)

    def others(self, than: str | None) -> bool:
        """Whether there is any but this one."""
        return bool(self._names - {than})

    def naming(self, number: str, but: str | None = None) -> list[str]:
        """In which of them a number stands, in the order in which they took effect; `but` not this one."""
        return [name for name in self._by_number.get(number, ()) if name != but]
