"""Who may ask what over HTTP: `RECOUVRA_TOKENS_FILE`, ``{token: {"name": …, "role": …}}``, reread on change.

A token may stand in the file as ``sha256:`` and the hexadecimal digest of its bytes, so that the file tells nobody a
token. Under ``anonymous`` stands what a caller without a token may do. Without a file the service listens to this
machine only, and everyone on it is ``local``.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request

from recouvra.chassis.problems import Problem
from recouvra.chassis.watched import WatchedFile, WatchedFileError
from recouvra.contracts.codes import Message


class Role(IntEnum):
    """What a caller may do. A declarer sends declarations and hears what became of them, and may nothing besides.

    Each of the others may what those before it may: a reader asks for figures and rehearses declarations; an operator
    also acts, and sees personal data (names, careers, care forms, records set aside); an administrator also reads who
    did what.
    """

    DECLARER = 0
    READER = 1
    OPERATOR = 2
    ADMINISTRATOR = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, by the name that the audit line keeps; `by_token`: because of a token, not for want of one."""

    name: str
    role: Role
    by_token: bool


_LOCAL = Caller("local", Role.ADMINISTRATOR, by_token=False)
_ANONYMOUS = "anonymous"
UNKNOWN = Problem(
    401,
    "unauthorised",
    Message(
        fr="Jeton absent ou inconnu : envoyez « Authorization: Bearer … » avec le jeton que l'administrateur du fonds "
        "vous a donné.",
        en='No token, or an unknown one: send "Authorization: Bearer …" with the token that the fund\'s administrator '
        "gave you.",
    ),
)
_FOREIGN = Problem(
    403,
    "foreign-origin",
    Message(
        fr="La page d'un autre site ne peut rien faire ici ; agissez depuis les pages du fonds, ou avec un jeton.",
        en="A page of another site can do nothing here; act from the fund's own pages, or with a token.",
    ),
)
_STRANGE_NAME = Problem(
    403,
    "foreign-host",
    Message(
        fr="Sans jeton, on n'est servi ici que sous une adresse IP ou un nom de ce réseau (localhost, un nom sans "
        "point) : prenez-en un. Sous ce nom-ci il faut un fichier des jetons, et le vôtre.",
        en="Without a token you are served here under an IP address or a name of this network only (localhost, a name "
        "without a dot): take one. Under this name it takes a tokens' file, and a token of yours.",
    ),
)
_NEVER_PUBLIC = ("localhost", "local", "internal", "test")  # RFC 2606, RFC 6762, ICANN's reservation of 2024
_UNREADABLE = Problem(
    503,
    "tokens-unreadable",
    Message(
        fr="Le fichier des jetons est illisible ; l'administrateur du fonds doit le corriger.",
        en="The tokens' file cannot be read; the fund's administrator has to mend it.",
    ),
)
_NAMES = {
    Role.DECLARER: Message(fr="déclarant", en="declarer"),
    Role.READER: Message(fr="lecteur", en="reader"),
    Role.OPERATOR: Message(fr="opérateur", en="operator"),
    Role.ADMINISTRATOR: Message(fr="administrateur", en="administrator"),
}


class Callers:
    """The tokens in force."""

    def __init__(self, path: Path | None) -> None:
        self._file = None if path is None else WatchedFile("RECOUVRA_TOKENS_FILE", path, _tokens)

    def check(self) -> None:
        """Reads the file; raises `WatchedFileError` where it is not what it must be."""
        if self._file is not None:
            self._file.now()

    def of(self, authorization: str | None, *, by_password: bool = False) -> Caller:
        """Who sends this header. Raises `Problem`: 401 where it names nobody, 503 where the file is unreadable.

        `by_password`: a browser's user may give the token as a password (Basic), under whatever name.
        """
        if self._file is None:
            return _LOCAL
        try:
            tokens = self._file.now()
        except WatchedFileError as error:
            raise _UNREADABLE from error
        if authorization is None:
            found = tokens.get(_ANONYMOUS)
        else:
            token = _token(authorization, by_password)
            found = None if token is None else tokens.get(_digest(token))
        if found is None:
            raise UNKNOWN
        return found


def caller_of(request: Request) -> Caller:
    """Who asks, as it was found when the request came in."""
    caller: Caller = request.state.caller
    return caller


def allow(caller: Caller, role: Role) -> None:
    """Raises `Problem` 403 where the caller's role is too small."""
    if caller.role < role:
        named = _NAMES[role]
        raise Problem(
            403,
            "forbidden",
            Message(
                fr=f"Il faut le rôle « {named.fr} » ; demandez-le à l'administrateur du fonds.",
                en=f'This needs the role "{named.en}"; ask the fund\'s administrator for it.',
            ),
        )


def needs(role: Role) -> Callable[[Request], None]:
    """A dependency for a route that needs more than `default_role` says."""

    def check(request: Request) -> None:
        allow(caller_of(request), role)

    return check


def default_role(method: str, path: str) -> Role:
    """The role that a request needs: to read, or to act. A dry run is a question, although it is a POST."""
    reads = method in ("GET", "OPTIONS") or path.endswith("/dry-run")
    return Role.READER if reads else Role.OPERATOR


def refuse_foreign_pages(request: Request) -> None:
    """Raises `Problem` 403 where a browser acts for another site's page, without a token but for its user."""
    origin, host = request.headers.get("origin"), request.headers.get("host")
    by_token = is_bearer(request.headers.get("authorization"))
    if origin is None or by_token or default_role(request.method, "") is Role.READER:
        return
    if origin.partition("://")[2] != host:
        raise _FOREIGN


def refuse_strange_names(request: Request, caller: Caller) -> None:
    """Raises `Problem` 403 where who has no token, and may do else than read figures, asks a host by a public name.

    Whoever owns a name can have it mean this machine: to a browser here their page is then of this site. Names that
    only the own network gives are its keeper's to guard.
    """
    if caller.by_token or caller.role is Role.READER:
        return
    try:
        name = (urlsplit("//" + request.headers.get("host", "")).hostname or "").rstrip(".")
    except ValueError as error:  # a bracket that nothing closes
        raise _STRANGE_NAME from error
    if "." in name and not _is_address(name) and name.rpartition(".")[2] not in _NEVER_PUBLIC:
        raise _STRANGE_NAME


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def is_bearer(authorization: str | None) -> bool:
    """Whether a header carries a bearer token, which a browser never adds by itself, as it does a password."""
    return authorization is not None and authorization.lower().startswith("bearer ")


def _token(authorization: str, by_password: bool) -> str | None:
    scheme, _, said = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return said.strip()
    if scheme.lower() == "basic" and by_password:
        with suppress(ValueError):
            _, colon, password = base64.b64decode(said.strip(), validate=True).decode().partition(":")
            return password if colon else None
    return None


def _digest(token: str) -> str:
    return "sha256:" + hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()


def _tokens(text: str) -> dict[str, Caller]:
    """Callers by their token's digest, and under ``anonymous``; raises ValueError, which names no token."""
    entries = json.loads(text)
    if not isinstance(entries, dict):
        raise ValueError('{"jeton / token": {"name": …, "role": …}} attendu / expected')
    return dict(_entry(number, *entry) for number, entry in enumerate(entries.items(), 1))


def _entry(number: int, token: str, said: object) -> tuple[str, Caller]:
    roles = {role.name.lower(): role for role in Role}
    if not isinstance(said, dict) or str(said.get("role")) not in roles:
        raise ValueError(f"entrée / entry {number}: role: {', '.join(roles)}")
    name = said.get("name", _ANONYMOUS if token == _ANONYMOUS else None)
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"entrée / entry {number}: name")
    if not (token and token.isascii() and token.isprintable() and " " not in token):
        raise ValueError(f"entrée / entry {number}: jeton en ASCII sans espace / a token in ASCII without spaces")
    key = token.lower() if token == _ANONYMOUS or token.startswith("sha256:") else _digest(token)
    return key, Caller(name, roles[said["role"]], by_token=key != _ANONYMOUS)
