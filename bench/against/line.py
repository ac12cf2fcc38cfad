"""What travels for those whom we are compared with: one line a record."""

from pydantic import BaseModel


class Line(BaseModel):
    """One declared line."""

    payer_id: str
    period: str
    declaration_id: str
    line_no: int
    insured_number: str
    base_xof: int
