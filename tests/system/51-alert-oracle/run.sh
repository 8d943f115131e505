#!/bin/sh
# Alert rules of every kind, and the numbers of the report, against what the
# words of the manual give for captures whose messages and times are known.
# ORACLE_SEEDS: other captures and rules, as many as one likes.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3
: "${ORACLE_SEEDS:=1 2 3 4 5 6 7 8}"
PYTHONPATH="$TOP/tests/lib" python3 "$TOP/tests/system/51-alert-oracle/oracle.py" \
    "$BUILD/netmond" $ORACLE_SEEDS > "$TMP/out" 2>&1
set -- $(tail -1 "$TMP/out")
at_least "events of rules, seeds $ORACLE_SEEDS" "$1" 1000
is "rules and reports that differ from the manual" "${2:-none}" 0
[ "${2:-1}" = 0 ] || sed 's/^/# /' "$TMP/out"
finish
