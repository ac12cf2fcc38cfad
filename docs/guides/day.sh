#!/bin/sh
# Ce qui est arrivé à la caisse du 1er septembre au 14 novembre 2025 : de quoi lire operator.fr.md sur une pile à soi.
# What reached the fund from 1 September to 14 November 2025: what operator.md is read on. Twice: no effect.
# Facts are to be known on the days below, so the stack runs by `--clock event`, and each step waits for the one before.
set -eu
registration=${RECOUVRA_REGISTRATION_URL:-http://127.0.0.1:8081}
contributions=${RECOUVRA_CONTRIBUTIONS_URL:-http://127.0.0.1:8082}
records=$(mktemp)
trap 'rm -f "$records"' EXIT

# say TOPIC SOURCE DAY: publishes the lines that follow
say() {
    cat > "$records"
    recouvra send "$records" --as "$1" --source "$2" --time "$3T09:00:00Z" --no-wait
}

# until_told ADDRESS TEXT: waits until the answer holds the text
until_told() {
    for _ in $(seq 120); do
        if curl -fs "$1" | grep -q "$2"; then return; fi
        sleep 0.5
    done
    echo "rien sous / nothing under $1" >&2
    exit 1
}

# number REQUEST PAYER: the insured number that a hire was given
number() {
    until_told "$registration/v1/registrations/$1?payer_id=$2" '"insured_number":"'
    curl -fs "$registration/v1/registrations/$1?payer_id=$2" | sed 's/.*"insured_number":"\([0-9]*\)".*/\1/'
}

say affiliation-requested /register 2025-09-01 <<'END'
{"request_id": "AFF-1", "payer_id": "MAIRIE-KAYES", "payer_kind": "local_authority", "name": "Commune de Kayes", "territory_code": "0101001", "filing_frequency": "monthly", "affiliated_on": "2011-01-01"}
{"request_id": "AFF-2", "payer_id": "ETS-TRAORE", "payer_kind": "private_employer", "name": "Ets Traoré et Fils", "territory_code": "2000001", "filing_frequency": "monthly", "affiliated_on": "2019-06-01"}
END
until_told "$contributions/v1/payers/ETS-TRAORE/account" '"payer_kind":"'
until_told "$contributions/v1/payers/MAIRIE-KAYES/account" '"payer_kind":"'

# EMB-3 looks like EMB-1; nobody knows SOTRAM
say registration-requested /payroll/malipaie 2025-09-02 <<'END'
{"request_id": "EMB-1", "payer_id": "MAIRIE-KAYES", "person": {"family_name": "Keïta", "given_names": "Fatoumata", "birth_date": "1988-03-04", "sex": "F"}, "hired_on": "2025-09-01", "category": "civil_servant"}
{"request_id": "EMB-2", "payer_id": "MAIRIE-KAYES", "person": {"family_name": "Sissoko", "given_names": "Bakary", "birth_date": "1979-12-19", "sex": "M"}, "hired_on": "2025-09-01", "category": "civil_servant"}
{"request_id": "EMB-3", "payer_id": "ETS-TRAORE", "person": {"family_name": "KEITA", "given_names": "Fatoumata", "birth_date": "1988-03-04", "sex": "F"}, "hired_on": "2025-09-01", "category": "worker"}
{"request_id": "EMB-4", "payer_id": "SOTRAM", "person": {"family_name": "Coulibaly", "given_names": "Oumar", "birth_date": "1991-07-22", "sex": "M"}, "hired_on": "2025-09-01", "category": "worker"}
END
fatoumata=$(number EMB-1 MAIRIE-KAYES)
bakary=$(number EMB-2 MAIRIE-KAYES)
keita=$(number EMB-3 ETS-TRAORE)

say payroll-declared /payroll/malipaie 2025-10-03 <<END
{"declaration_id": "2025-09-A", "payer_id": "MAIRIE-KAYES", "period": "2025-09", "part": 1, "parts": 1, "totals": {"lines": 2, "base_xof": 205000}, "lines": [{"line_no": 1, "insured_number": "$fatoumata", "base_xof": 125000}, {"line_no": 2, "insured_number": "$bakary", "base_xof": 80000}]}
{"declaration_id": "2025-09-A", "payer_id": "ETS-TRAORE", "period": "2025-09", "part": 1, "parts": 1, "totals": {"lines": 1, "base_xof": 240000}, "lines": [{"line_no": 1, "insured_number": "$keita", "base_xof": 240000}]}
END
until_told "$contributions/v1/declarations/2025-09-A?payer_id=MAIRIE-KAYES" '"outcome":"accepted'
until_told "$contributions/v1/declarations/2025-09-A?payer_id=ETS-TRAORE" '"outcome":"accepted'

say payment-reported /bank/bdm 2025-10-14 <<'END'
{"payment_id": "VIR-1001", "payer_id": "MAIRIE-KAYES", "amount_xof": 15457, "paid_on": "2025-10-10", "channel": "treasury"}
{"payment_id": "CHQ-2001", "payer_id": "ETS-TRAORE", "amount_xof": 15744, "paid_on": "2025-10-14", "channel": "cheque"}
END
until_told "$contributions/v1/payers/MAIRIE-KAYES/account" VIR-1001
until_told "$contributions/v1/payers/ETS-TRAORE/account" CHQ-2001

# The cheque bounces
say payment-reported /bank/bdm 2025-10-28 <<'END'
{"payment_id": "REJ-2001", "payer_id": "ETS-TRAORE", "amount_xof": 15744, "paid_on": "2025-10-28", "channel": "cheque", "reverses": "CHQ-2001"}
END
until_told "$contributions/v1/payers/ETS-TRAORE/account" REJ-2001

# 2025-10-B says Fatoumata again; SOTRAM is unknown; of 2025-08-A one part of two has come
say payroll-declared /payroll/malipaie 2025-11-05 <<END
{"declaration_id": "2025-10-A", "payer_id": "MAIRIE-KAYES", "period": "2025-10", "part": 1, "parts": 1, "totals": {"lines": 2, "base_xof": 205000}, "lines": [{"line_no": 1, "insured_number": "$fatoumata", "base_xof": 125000}, {"line_no": 2, "insured_number": "$bakary", "base_xof": 80000}]}
{"declaration_id": "2025-10-B", "payer_id": "MAIRIE-KAYES", "period": "2025-10", "part": 1, "parts": 1, "totals": {"lines": 1, "base_xof": 125000}, "lines": [{"line_no": 1, "insured_number": "$fatoumata", "base_xof": 125000}]}
{"declaration_id": "2025-10-A", "payer_id": "SOTRAM", "period": "2025-10", "part": 1, "parts": 1, "totals": {"lines": 1, "base_xof": 100000}, "lines": [{"line_no": 1, "insured_number": "000000000001", "base_xof": 100000}]}
{"declaration_id": "2025-08-A", "payer_id": "ETS-TRAORE", "period": "2025-08", "part": 1, "parts": 2, "totals": {"lines": 2, "base_xof": 480000}, "lines": [{"line_no": 1, "insured_number": "$keita", "base_xof": 240000}]}
END

# A vendor that the fund has not entered yet (docs/guides/operator.fr.md, 6)
say payroll-declared /payroll/nouvelle-paie 2025-11-06 <<END
{"declaration_id": "2025-10-A", "payer_id": "ETS-TRAORE", "period": "2025-10", "part": 1, "parts": 1, "totals": {"lines": 1, "base_xof": 240000}, "lines": [{"line_no": 1, "insured_number": "$keita", "base_xof": 240000}]}
END

until_told "$contributions/v1/dead-letters" '"unauthorised-source"'

# A transfer for nobody, one for SOTRAM, a reversal whose payment never came, and VIR-1001 again with another amount
say payment-reported /bank/bdm 2025-11-12 <<'END'
{"payment_id": "VIR-1002", "payer_id": "MAIRIE-KAYES", "amount_xof": 10000, "paid_on": "2025-11-12", "channel": "treasury", "period": "2025-10"}
{"payment_id": "VIR-1003", "reference": "AMO-OCTOBRE", "amount_xof": 15744, "paid_on": "2025-11-12", "channel": "bank"}
{"payment_id": "VIR-1004", "payer_id": "SOTRAM", "amount_xof": 6000, "paid_on": "2025-11-12", "channel": "bank"}
{"payment_id": "REJ-0007", "payer_id": "ETS-TRAORE", "amount_xof": 5000, "paid_on": "2025-11-12", "channel": "cheque", "reverses": "CHQ-0007"}
{"payment_id": "VIR-1001", "payer_id": "MAIRIE-KAYES", "amount_xof": 15754, "paid_on": "2025-10-10", "channel": "treasury"}
END

# Accepted; reduced (a line is not positive); of a number that nobody has; FS-1 again, otherwise
say care-form-submitted /providers/kayes 2025-11-14 <<END
{"form_serial": "FS-1", "insured_number": "$fatoumata", "provider_id": "PHARMACIE-LIBERTE", "provider_kind": "pharmacy", "care_kind": "ambulatory", "care_on": "2025-11-10", "submitted_on": "2025-11-12", "lines": [{"line_no": 1, "act_code": "MED-114", "quantity": 2, "unit_price_xof": 3000}, {"line_no": 2, "act_code": "MED-020", "quantity": 1, "unit_price_xof": 1500}]}
{"form_serial": "FS-2", "insured_number": "$bakary", "provider_id": "CSREF-KAYES", "provider_kind": "csref", "care_kind": "hospital", "care_on": "2025-11-11", "submitted_on": "2025-11-13", "lines": [{"line_no": 1, "act_code": "LIT-001", "quantity": 3, "unit_price_xof": 5000}, {"line_no": 2, "act_code": "ACT-009", "quantity": 0, "unit_price_xof": 4000}]}
{"form_serial": "FS-3", "insured_number": "000000000002", "provider_id": "CSREF-KAYES", "provider_kind": "csref", "care_kind": "ambulatory", "care_on": "2025-11-11", "submitted_on": "2025-11-13", "lines": [{"line_no": 1, "act_code": "CON-001", "quantity": 1, "unit_price_xof": 2000}]}
{"form_serial": "FS-1", "insured_number": "$fatoumata", "provider_id": "PHARMACIE-LIBERTE", "provider_kind": "pharmacy", "care_kind": "ambulatory", "care_on": "2025-11-10", "submitted_on": "2025-11-13", "lines": [{"line_no": 1, "act_code": "MED-114", "quantity": 3, "unit_price_xof": 3000}]}
END
