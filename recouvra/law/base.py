"""The base on which a line is assessed, from the base that was declared."""

from recouvra.law.parameters import EDITION, classes_for, floor_for

FLOORED_KINDS = frozenset({"state", "local_authority", "private_employer"})
"""Kinds whose base is pay, which the law never lets stand below the minimum wage. Source: LAW-011, DEF-003."""


def base_used(payer_kind: str, declared_xof: int, period: str, edition: int = EDITION) -> int:
    """The base used, in francs, for a declared base of at least 0.

    Pay is raised to the floor unless it is 0; a pension stands as declared; a quarter's income of a self-employed
    person becomes its class amount (an income of exactly a bound belongs to the class which that bound closes).
    Source: LAW-011, LAW-012, LAW-013, DEF-003.
    """
    if payer_kind == "self_employed":
        return next(amount for bound, amount in classes_for(period, edition) if bound is None or declared_xof <= bound)
    if is_below_floor(payer_kind, declared_xof, period, edition):
        return floor_for(period, edition)
    return declared_xof


def is_below_floor(payer_kind: str, declared_xof: int, period: str, edition: int = EDITION) -> bool:
    """Whether a declared base is raised: pay above 0 and below the period's floor. Source: DEF-003."""
    return payer_kind in FLOORED_KINDS and 0 < declared_xof < floor_for(period, edition)
