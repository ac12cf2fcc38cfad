"""What the services of a running stack say over HTTP: how far they have read, what they hold, their reports."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx

from recouvra.local.errors import LocalError

_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Services:
    """The services by name, asked through one client that the caller opens and closes."""

    def __init__(self, http: httpx.AsyncClient, urls: Mapping[str, str]) -> None:
        self._http = http
        self.urls = urls

    async def ask(self, service: str, path: str, **query: str) -> Any:
        """The JSON answer of a GET; LocalError where there is none."""
        return (await self._get(service, path, query)).json()

    async def rows(self, service: str, path: str, **query: str) -> AsyncIterator[dict[str, Any]]:
        """The rows of every page of a list."""
        cursor: dict[str, str] = {}
        while True:
            page = await self.ask(service, path, **query, **cursor, limit="500")
            for row in page["rows"]:
                yield row
            if page["next"] is None:
                return
            cursor = {"cursor": page["next"]}

    async def gauges(self, service: str) -> "Gauges":
        """What the service tells Prometheus now."""
        return Gauges((await self._get(service, "/metrics", {})).text)

    async def _get(self, service: str, path: str, query: Mapping[str, str]) -> httpx.Response:
        try:
            answer = await self._http.get(f"{self.urls[service]}{path}", params=query)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise LocalError(
                f"{service} ne répond pas à {path} ({said}).", f"{service} does not answer {path} ({said})."
            ) from error
        return answer


class Gauges:
    """The samples of one Prometheus exposition."""

    def __init__(self, text: str) -> None:
        self._text = text

    def of(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        """Labels and value of every sample of that name."""
        for sample in re.finditer(rf"^{name}(?:\{{(.*)\}})? (\S+)$", self._text, re.MULTILINE):
            yield dict(_LABEL.findall(sample[1] or "")), float(sample[2])

    def sum_of(self, name: str, **labels: str) -> int:
        """The sum of the samples of that name which carry these labels."""
        return int(sum(value for said, value in self.of(name) if labels.items() <= said.items()))
