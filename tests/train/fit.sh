#!/bin/sh
# fit.sh COUNTS SOURCE...: "fits" when COUNTS are newer than all of them, "older"
# when they are not, nothing when there are none.
[ -e "$1" ] || exit 0
counts=$1
shift
for f; do
	[ "$counts" -nt "$f" ] || { echo older; exit 0; }
done
echo fits
