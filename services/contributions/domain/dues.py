"""What is due of a (payer, period), and the fact of its change."""

from recouvra.contracts.contribution_assessed import ContributionAssessed
from services.contributions.domain.account import Account, Pair
from services.contributions.domain.changes import Changes
from services.contributions.domain.declaration import Answer, Declaration


def assess(
    account: Account,
    declaration: Declaration,
    answer: Answer,
    replaced: Declaration | None,
    pair: Pair,
    changes: Changes,
) -> ContributionAssessed:
    """Adds to the pair what an accepted declaration makes due, less what the one that it replaces had made due.

    The fact is published even where it is 0, so that everyone knows that the declaration was filed. `pair` is the
    account's, or a new one, which it now gets. Source: DEF-024, DEF-025, DEF-033.
    """
    insured_share_xof = answer.insured_share_xof
    payer_share_xof = answer.payer_share_xof
    line_count = answer.lines_accepted
    if replaced is not None:
        if replaced.answer is None:
            raise LookupError(f"{replaced.declaration_id} is in force without an answer")
        insured_share_xof -= replaced.answer.insured_share_xof
        payer_share_xof -= replaced.answer.payer_share_xof
        line_count -= replaced.answer.lines_accepted
    pair.insured_share_xof += insured_share_xof
    pair.payer_share_xof += payer_share_xof
    pair.line_count += line_count
    if pair.period not in account.pairs:
        account.pairs[pair.period] = pair
        changes.new_pairs.add((account.key, pair.period))
    changes.pairs.add((account.key, pair.period))
    return ContributionAssessed.certain(
        payer_id=account.key,
        payer_kind=pair.payer_kind,
        territory_code=pair.territory_code,
        period=pair.period,
        declaration_id=declaration.declaration_id,
        basis="declared" if replaced is None else "replacement",
        assessed_xof=insured_share_xof + payer_share_xof,
        insured_share_xof=insured_share_xof,
        payer_share_xof=payer_share_xof,
        line_count=line_count,
        filed_on=declaration.filed_on,
        due_on=pair.due_on,
    )
