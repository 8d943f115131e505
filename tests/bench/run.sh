#!/bin/sh
# make bench: netmond -r against a libpcap reader that only counts (a) and
# against the floor (b): that reader, the link and an empty consumer.
# Interleaved; medians. BENCH_RUNS (5), BENCH_SIZE (1G; the small-packet
# profiles take a quarter), BENCH_PROFILES, BENCH_DIR (BUILD/bench). Then its
# CPU for a packet with BENCH_FLOWS (1000 100000 1000000) connections at a time.
umask 022	# netmond reads no configuration that a group can write
set -eu
BUILD=${BUILD:-build}
RUNS=${BENCH_RUNS:-5}
SIZE=${BENCH_SIZE:-1G}
PROFILES=${BENCH_PROFILES:-web tiny conns}
FLOWS=${BENCH_FLOWS-1000 100000 1000000}
DIR=${BENCH_DIR:-$BUILD/bench}
B=$BUILD/tests/bench

bytes() {
	echo "$1" | awk '{ u = substr($1, length($1)); n = $1 + 0
	    m["K"] = 1024; m["M"] = 1048576; m["G"] = 1073741824
	    printf "%.0f", u in m ? n * m[u] : n }'
}

median() {	# column of a file
	sort -n -k "$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c }
	    END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# What recording adds to the CPU of analysing alone, for the web profile, and
# to that of analysing and of writing as many bytes, which no recorder does
# without: recording PROFILE requests|both
recording() {
	[ "$1" = web ] || return 0
	printf 'mirror "bench" {\n\tobserve port 80\n\trecord to "%s"\n\trecord { %s }\n}\n' \
	    "$tmp/record" "$2" > "$tmp/mirror.conf"
	for i in $(seq "$RUNS"); do
		rm -f "$tmp/record"*
		"$B/measure" "$BUILD/netmond" -f "$tmp/mirror.conf" -r "$f" \
		    -o json 2>/dev/null >> "$tmp/$2.$1"
		n=$(stat -c %s "$tmp/record")
		rm -f "$tmp/record"*
		"$B/measure" dd if=/dev/zero of="$tmp/record" bs=256K \
		    count="$n" iflag=count_bytes 2>/dev/null >> "$tmp/$2.plain"
	done
	rm -f "$tmp/record"*
	echo "$2 $(median "$tmp/n.$1" 2) $(median "$tmp/$2.$1" 2)" \
	    "$(median "$tmp/$2.plain" 2) $n" | awk '
	    { printf "  recording %-10s cpu %.2f x analysing, %.2f x with a " \
		"plain write of its %d MB   at most 1.6: %s\n", $1, $3 / $2,
		$3 / ($2 + $4), $5 / 1e6, $3 <= 1.6 * ($2 + $4) ? "ok" : "OVER" }'
}

# Requests/s through the built-in hooks to a target that answers at once, and
# who needs most time for each: forwarding PROFILE
forwarding() {
	mkfifo "$tmp/end.$1"
	"$B/shadow" < "$tmp/end.$1" > "$tmp/shadow.$1" &
	shadow=$!
	exec 9> "$tmp/end.$1"
	until [ -s "$tmp/shadow.$1" ]; do sleep 0.1; done
	cat > "$tmp/mirror.conf" <<-EOF
	mirror "bench" {
		observe port 80
		forward to 127.0.0.1 port $(head -n 1 "$tmp/shadow.$1")
		forward { requests }
		forward set header "X-Mirror" "1"
		sample 90% by connection
	}
	EOF
	"$B/measure" -p "$BUILD/netmond" -f "$tmp/mirror.conf" -r "$f" \
	    -o json 2>/dev/null > "$tmp/f.$1" 9>&-
	exec 9>&-
	wait $shadow
	{ sed -n 2p "$tmp/shadow.$1"; cat "$tmp/f.$1"; } | awk '
	    NR == 1 { n = $1; conns = $2; cpu["target"] = $3
		kernel["target"] = $4; next }
	    NR == 2 { wall = $1; next }
	    { cpu[$1] += $2 + $3; kernel[$1] += $3 }
	    END { if (n == 0) { print "  forwarding: nothing arrived: OVER"; exit }
		printf "  forwarding %d requests, %d connections: %.0f/s\n",
		    n, conns, n / wall
		for (p in cpu) {
			if (cpu[p] > 0.02 * wall)
				printf "    %-16s %6.2f us of CPU each, %.0f%% kernel\n",
				    p, 1e6 * cpu[p] / n, 100 * kernel[p] / cpu[p]
			if (cpu[p] > cpu[most])
				most = p
		}
		printf "    limit: %s, alone on a core %.0f/s\n", most,
		    n / cpu[most] }'
}

packets() {	# of a file
	"$B/reader_count" "$1" | cut -d ' ' -f 1
}

# Each of the connections has an entry, a reader and a session, all of them
# anywhere in memory: what a packet costs then, without what opening them costs.
# How fast memory is changes from minute to minute: a ratio is of one round.
flows() {
	echo "memory limit 2G" > "$tmp/flows.conf"
	for n in $FLOWS; do
		f=$DIR/flows-$n
		"$B/gen_pcap" tiny 1 "$n" > "$f.open"
		"$B/gen_pcap" tiny "$(bytes "$SIZE")" "$n" > "$f.all"
		"$BUILD/netmond" -f "$tmp/flows.conf" -r "$f.all" \
		    -o json > "$tmp/flows.json"
		echo "$(packets "$f.open") $(packets "$f.all")" "$(jq -r \
		    '"\(.summary.connections) \(.complete.shed)"' \
		    "$tmp/flows.json")" | awk -v n="$n" '
		    { print $2 - $1, $3 == n && $4 == 0 ? "yes" : "no" }' \
		    > "$tmp/flows-$n.is"
	done
	for i in $(seq "$RUNS"); do
		first=
		for n in $FLOWS; do
			for part in open all; do
				"$B/measure" "$BUILD/netmond" \
				    -f "$tmp/flows.conf" -o json \
				    -r "$DIR/flows-$n.$part" 2>/dev/null
			done | cat - "$tmp/flows-$n.is" | awk '
			    { v[NR] = NR < 3 ? $2 : $1 }
			    END { print 1e9 * (v[2] - v[1]) / v[3] }' > "$tmp/ns"
			first=${first:-$(cat "$tmp/ns")}
			echo "$(cat "$tmp/ns") $first" |
			    awk '{ print $1, $1 / $2 }' >> "$tmp/flows-$n"
		done
	done
	for n in $FLOWS; do
		rm -f "$DIR/flows-$n".*
		echo "$n $(median "$tmp/flows-$n" 1) $(median "$tmp/flows-$n" 2)" \
		    "$(cat "$tmp/flows-$n.is")" | awk '
		    { printf "  %8d at a time: cpu %5.0f ns for a packet, " \
			"%.2f x the first   at most 3: %s\n", $1, $2, $3,
			$5 == "no" ? "NOT ALL READ" : $3 <= 3 ? "ok" : "OVER" }'
	done
}

mkdir -p "$DIR"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$DIR"/flows-*' EXIT INT TERM

for p in $PROFILES; do
	n=$(bytes "$SIZE")
	[ "$p" = web ] || n=$((n / 4))
	f=$DIR/$p-$n.pcap
	[ -s "$f" ] || { "$B/gen_pcap" "$p" "$n" > "$f.new"; mv "$f.new" "$f"; }
	packets=$("$B/reader_count" "$f")	# also fills the page cache
	i=0
	while [ $i -lt "$RUNS" ]; do
		"$B/measure" "$B/reader_count" "$f" >> "$tmp/a.$p"
		"$B/measure" "$B/floor" "$f" >> "$tmp/b.$p"
		"$B/measure" "$BUILD/netmond" -r "$f" -o json \
		    2>/dev/null >> "$tmp/n.$p"
		i=$((i + 1))
	done
	"$B/measure" -p "$BUILD/netmond" -r "$f" -o json \
	    2>/dev/null | head -n 1 > "$tmp/m.$p"
	echo "$p: $packets, medians of $RUNS"
	case $p in
	web) wall=2.5; cpu=4 ;;
	tiny) wall=8; cpu=10 ;;
	*) wall=5; cpu=8 ;;
	esac
	for t in a b n; do
		echo "$t $(median "$tmp/$t.$p" 1) $(median "$tmp/$t.$p" 2)"
	done | awk -v wall=$wall -v cpu=$cpu -v pss="$(median "$tmp/m.$p" 3)" '
	    BEGIN { name["a"] = "counting reader (a)"; name["b"] = "floor (b)"
		name["n"] = "netmond -r" }
	    { w[$1] = $2; c[$1] = $3
		printf "  %-20s wall %7.3f s   cpu %7.3f s\n", name[$1], $2, $3 }
	    END { lim = wall * w["a"]
		if (1.4 * w["b"] > lim) lim = 1.4 * w["b"]
		printf "  wall %.2f x (a), %.2f x (b)   at most %.3f s: %s\n",
		    w["n"] / w["a"], w["n"] / w["b"], lim,
		    w["n"] <= lim ? "ok" : "OVER"
		printf "  cpu  %.2f x (a), %.2f x (b)   at most %.1f x (a): %s\n",
		    c["n"] / c["a"], c["n"] / c["b"], cpu,
		    c["n"] <= cpu * c["a"] ? "ok" : "OVER"
		printf "  memory of all processes %.1f MB   at most 300: %s\n",
		    pss, pss <= 300 ? "ok" : "OVER" }'
	recording "$p" requests
	recording "$p" both
	forwarding "$p"
done
if [ -n "$FLOWS" ]; then
	echo "connections: medians of $RUNS"
	flows
fi
