"""Registration: who is insured, who pays."""
