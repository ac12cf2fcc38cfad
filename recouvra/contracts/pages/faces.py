"""An OpenAPI document as a page: every address of a service with its parameters, its body and its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from recouvra.contracts.pages.fields import fields_table, kind
from recouvra.contracts.pages.frame import Part, Said, both, facts, page, paragraphs, table
from recouvra.contracts.pages.french import french

Document = Mapping[str, Any]

_INTRODUCTION = Said(
    "Les adresses de ce service. Chaque `POST` ou `DELETE` peut porter une `Idempotency-Key` : renvoyé sous la même, "
    "il donne la première réponse. Un refus est un `application/problem+json` (RFC 9457), dans la langue demandée par "
    "`Accept-Language`, avec un JSON Pointer par faute. Un jeton va dans l'en-tête `Authorization: Bearer …`.",
    "The addresses of this service. Each `POST` or `DELETE` may carry an `Idempotency-Key`: sent again under it, it "
    "gives the first answer. A refusal is an `application/problem+json` (RFC 9457), in the language that "
    "`Accept-Language` asks for, with a JSON Pointer for each fault. A token goes into `Authorization: Bearer …`.",
)
_SCHEMAS = Said("Les schémas", "The schemas")
PLAIN_SUCCESS = "Successful Response"
"""What the framework says of an answer of which nothing is said."""
_METHODS = ("get", "post", "put", "patch", "delete")


def face_page(document: Document, document_at: str) -> str:
    """The page; `document_at` leads from it to the OpenAPI document itself."""
    info = document["info"]
    about = _titled(info.get("summary", ""))
    link = f'<p>OpenAPI : <a href="{escape(document_at)}">{escape(document_at.rpartition("/")[2])}</a></p>'
    parts = [*_operations(document), Part("schemas", _SCHEMAS, "", entry=_SCHEMAS.fr), *_schemas(document)]
    return page(Said(info["title"], f"{about.fr} / {about.en}"), paragraphs(_INTRODUCTION) + link, parts)


def said(text: str) -> Said:
    """`français / English` as both; what is said in English alone has its French in `french.json`."""
    titled = _titled(text)
    return titled if titled.en else french(text)


def _titled(text: str) -> Said:
    """`français / English` as both; a title of one language is a name."""
    in_french, _, in_english = text.partition(" / ")
    return Said(in_french, in_english)


def _operations(document: Document) -> Iterator[Part]:
    # What tells of health is the same everywhere, and nobody came for it.
    for path, operations in sorted(document["paths"].items(), key=lambda one: not one[0].startswith("/v1/")):
        for method in _METHODS:
            if method in operations:
                yield _operation(document, path, method, operations[method])


def _operation(document: Document, path: str, method: str, operation: Document) -> Part:
    schemas = document["components"]["schemas"]
    address = f'<p><span class="method">{method.upper()}</span> <code>{escape(path)}</code></p>'
    body = address + paragraphs(said(operation["description"]))
    if parameters := operation.get("parameters"):
        body += table(
            ("paramètre / parameter", "valeur / value", "sens / meaning"),
            [_parameter(one, schemas) for one in parameters],
        )
    if request := operation.get("requestBody"):
        body += facts([("corps / body", _contents(request, schemas))])
    body += table(
        ("réponse / answer", "contenu / content", "sens / meaning"),
        [
            (
                f"<code>{escape(status)}</code>",
                _contents(answer, schemas),
                _answer(answer["description"]),
            )
            for status, answer in operation["responses"].items()
        ],
    )
    return Part(f"{method}{path}", _titled(operation["summary"]), body, entry=f"{method.upper()} {path}")


def _answer(description: str) -> str:
    return "" if description == PLAIN_SUCCESS else both(said(description))


def _parameter(one: Document, schemas: Mapping[str, Any]) -> tuple[str, str, str]:
    must = '<span class="must" title="requis / required">●</span>' if one.get("required") else ""
    described = one.get("description") or one["schema"].get("description", "")
    where = {"path": "chemin / path", "query": "requête / query", "header": "en-tête / header"}.get(one["in"], "")
    return (
        f'<code>{escape(one["name"])}</code> {must}<span class="limit">{where}</span>',
        kind(one["schema"], schemas),
        both(said(described)) if described else "",
    )


def _contents(carrier: Document, schemas: Mapping[str, Any]) -> str:
    told = [
        f'{kind(content.get("schema", {}), schemas)} <span class="limit">{escape(media)}</span>'
        for media, content in carrier.get("content", {}).items()
    ]
    return "".join(told) or "–"


def _schemas(document: Document) -> Iterator[Part]:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        body = paragraphs(said(schema["description"])) if "description" in schema else ""
        body += fields_table(schema, schemas, said, linked=True) or f"<p>{kind(schema, schemas)}</p>"
        yield Part(name, Said(name), body, below=True)
