#!/bin/sh
# manuals: clean under mandoc, and saying what the programs say.
cd "$(dirname "$0")/../.." || exit 1
bad=0
command -v mandoc >/dev/null || { echo "mandoc is missing"; exit 1; }
for m in parent/netmond.8 ui/netmonctl.8 etc/*.[57]; do
	mandoc -Tlint -W warning "$m" || { echo "$m: mandoc complains"; bad=1; }
done
# a macro is the first or a separate word of its line, else it is printed
if grep -nE '^[^.].*\.(Ar|Cm|Fl|Ic|Nm|Pa|Xr)([^[:alpha:]]|[a-z])' etc/*.[57] parent/netmond.8 \
    ui/netmonctl.8; then
	echo "a macro stands in the middle of a line"
	bad=1
fi
# every option of netmond's getopt string has its item, and the other way round
opts() { sed -n 's/.*getopt([^"]*"\([^"]*\)".*/\1/p' "$1" | head -1 | tr -d ':+' | grep -o . | sort -u; }
items() { sed -n 's/^\.It Fl \(.\).*/\1/p' "$1" | sort -u; }
for p in parent/options.c:parent/netmond.8 ui/netmonctl.c:ui/netmonctl.8; do
	o=$(opts "${p%%:*}")
	i=$(items "${p##*:}")
	for c in $o; do
		echo "$i" | grep -qx -- "$c" || { echo "${p##*:}: -$c is not described"; bad=1; }
	done
done
# every key that rows may have is described
for k in $(sed -n 's/^	[UIDSB]("\([a-z0-9_]*\)".*/\1/p' sandbox/row.c | sort -u); do
	grep -qx "\.It Cm $k" etc/netmonctl-json.7 ||
	    { echo "etc/netmonctl-json.7: $k is not described"; bad=1; }
done
exit $bad
