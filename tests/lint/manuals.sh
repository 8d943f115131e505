#!/bin/sh
# manuals: clean under mandoc, and saying what the programs say.
cd "$(dirname "$0")/../.." || exit 1
bad=0
command -v mandoc >/dev/null || { echo "mandoc is missing"; exit 1; }
for m in parent/netmond.8 ui/*.8 etc/*.[57]; do
	mandoc -Tlint -W warning "$m" || { echo "$m: mandoc complains"; bad=1; }
done
# a macro is the first or a separate word of its line, else it is printed
if grep -nE '^[^.].*\.(Ar|Cm|Fl|Ic|Nm|Pa|Xr)([^[:alpha:]]|[a-z])' etc/*.[57] parent/netmond.8 \
    ui/*.8; then
	echo "a macro stands in the middle of a line"
	bad=1
fi
# every option of netmond's getopt string has its item, and the other way round
opts() { sed -n 's/.*getopt([^"]*"\([^"]*\)".*/\1/p' "$1" | head -1 | tr -d ':+' | grep -o . | sort -u; }
items() { sed -n 's/^\.It Fl \(.\).*/\1/p' "$1" | sort -u; }
for p in parent/options.c:parent/netmond.8 ui/netmonctl.c:ui/netmonctl.8 \
    ui/netmonweb.c:ui/netmonweb.8; do
	o=$(opts "${p%%:*}")
	i=$(items "${p##*:}")
	for c in $o; do
		echo "$i" | grep -qx -- "$c" || { echo "${p##*:}: -$c is not described"; bad=1; }
	done
done
# every key of every object is described, in its order, and there
tables() {
	awk '/^static const struct row_field / { sub(/_fields.*/, "", $5); t = $5 }
	    /^\t[UIDSB]\("/ { split($0, q, "\""); keys[t] = keys[t] " " q[2] }
	    /R\("/ { split($0, q, "\""); a = q[4] }
	    /_fields[ )]/ && a != "" {
		match($0, /[a-z_]*_fields[ )]/)
		t = substr($0, RSTART, RLENGTH - 8)
		if (t == "alert_event" || t == "monitor")
			a = t == "monitor" ? "live events" : "alert events"
		print a ":" keys[t]; a = ""
	    }' sandbox/row.c | sort
}
described() {
	awk '/^\.Ss / { s = substr($0, 5) } /^\.Sh / { s = "" }
	    s != "" && !(s in keys) { keys[s] = "" }
	    s != "" && /^\.It Cm / { keys[s] = keys[s] " " $3 }
	    END { for (s in keys) print s ":" keys[s] }' etc/netmonctl-json.7 | sort
}
if [ "$(tables)" != "$(described)" ]; then
	echo "etc/netmonctl-json.7 and sandbox/row.c have other keys:"
	(tables; echo; described) | sort | uniq -u
	bad=1
fi
exit $bad
