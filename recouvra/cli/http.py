"""Asking a service, and saying in one sentence when it does not answer or refuses. `RECOUVRA_TOKEN` says who asks."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recouvra.cli.terminal import wrong_use
from recouvra.local.errors import LocalError, readers_language

if TYPE_CHECKING:
    import httpx

Query = Mapping[str, str | int | Sequence[str] | None]


def ask(url: str, query: Query | None = None) -> "httpx.Response":
    """The answer of a GET, as `httpx.Response`; LocalError when there is none or it is a refusal."""
    asked = {name: value for name, value in (query or {}).items() if value is not None and value != []}
    return _answer("GET", url, params=asked)


def act(url: str, body: Mapping[str, Any]) -> "httpx.Response":
    """The answer of a POST; LocalError when there is none or it is a refusal."""
    return _answer("POST", url, json=body)


def _answer(method: str, url: str, **sent: Any) -> "httpx.Response":
    import httpx

    headers = {"Accept-Language": readers_language() or "fr"}
    if token := os.environ.get("RECOUVRA_TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    try:
        answer = httpx.request(method, url, headers=headers, timeout=60, **sent)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LocalError(
            f"{url} ne répond pas : vérifiez l'adresse, et que le service est lancé.",
            f"{url} does not answer: check the address, and that the service runs.",
        ) from error
    if answer.is_success:
        return answer
    said = _problem(answer)
    if answer.status_code in (400, 401, 403, 404, 409, 422):
        raise wrong_use(said, said)
    raise LocalError(said, said)


def pages(url: str, query: Query) -> Iterator[dict[str, Any]]:
    """Every page of an answer, following its cursor."""
    cursor: str | None = None
    while True:
        page = ask(url, {**query, "limit": 500, "cursor": cursor}).json()
        yield page
        cursor = page.get("next")
        if cursor is None:
            return


def _problem(answer: "httpx.Response") -> str:
    """What an `application/problem+json` says, in one line."""
    try:
        problem = answer.json()
        faults = [f"{fault['pointer']} : {fault['detail']}" for fault in problem.get("errors", [])]
        return " ".join([f"{answer.status_code} {problem['title']}", "; ".join(faults)]).strip()
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"{answer.status_code} {answer.reason_phrase}"
