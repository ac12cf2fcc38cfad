"""An answer written piece by piece is, byte for byte, the answer that the model with every anomaly in it writes."""

from datetime import UTC, date, datetime

import pytest
from pydantic_core import to_json

from recouvra.chassis.packed import Packed
from recouvra.contracts.codes import AnomalyCode
from recouvra.contracts.declaration_answered import AnsweredInFull
from recouvra.law.finding import Finding, worded
from services.contributions.domain.answers import FullAnswer, answered_in_full
from services.contributions.domain.declaration import Answer, Declaration
from services.contributions.doors.large import pieces
from services.contributions.doors.shapes import ShownDeclaration

DECLARATION = Declaration("D1", "2026-01", 1, None)
RECEIVED = ("000000000001", -7, None, '[]"\\', "é\u202f€😀", "]}")


def full(count: int) -> FullAnswer:
    """An answer with so many findings, of all codes and of values that JSON writes in other ways."""
    codes = list(AnomalyCode)
    findings = tuple(
        Finding(
            number or None,
            codes[number % len(codes)],
            "/lines/base_xof",
            RECEIVED[number % len(RECEIVED)],
            RECEIVED[number // len(RECEIVED) % len(RECEIVED)],
        )
        for number in range(count)
    )
    answer = Answer("accepted_with_anomalies", count, count, 0, 3, 4, date(2026, 2, 15), findings)
    return answered_in_full("P", DECLARATION, answer)


def whole(answer: FullAnswer) -> AnsweredInFull:
    """The model with every anomaly in it."""
    return answer.told.model_copy(update={"anomalies": tuple(map(worded, answer.findings))})


def shown(answer: AnsweredInFull | None) -> ShownDeclaration:
    """A declaration of which no part is told, so that another empty array stands before the anomalies."""
    return ShownDeclaration(
        declaration_id="D1",
        payer_id="P",
        period="2026-01",
        state="accepted",
        parts=1,
        parts_read=[],
        replaces=None,
        replaced_by=None,
        waits_since=datetime(2026, 2, 1, 8, 0, 0, 120_000, UTC),
        answer=answer,
    )


@pytest.mark.parametrize("count", [0, 1, 2, 499, 500, 501, 1_700])
def test_an_answer_in_pieces_is_the_model_written_whole(count: int) -> None:
    answer = full(count)
    assert b"".join(pieces(*answer, worded)) == whole(answer).to_json()
    expected = shown(whole(answer))
    written = b"".join(pieces(shown(answer.told), answer.findings, worded))
    assert (written, written.decode()) == (to_json(expected), expected.model_dump_json())


def test_a_declaration_without_an_answer_is_written_as_it_is() -> None:
    assert b"".join(pieces(shown(None), (), worded)) == to_json(shown(None))


@pytest.mark.parametrize("count", [0, 1, 20_000])
async def test_a_packed_body_comes_out_as_it_went_in_and_tells_its_length(count: int) -> None:
    written = list(pieces(*full(count), worded))
    response = Packed.of(written).response()
    given = b"".join([bytes(piece) async for piece in response.body_iterator if isinstance(piece, bytes)])
    assert given == b"".join(written)
    assert response.headers["content-length"] == str(len(given))
