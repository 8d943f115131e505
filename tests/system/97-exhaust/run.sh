#!/bin/sh
# More than memory holds: it is survived, and what was shed is told. Floods in
# full size under `memory limit 256M`: bounded memory and time, and the real
# session behind them is reported. Those are long: BIG=1 (make soak) only.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq

# Fragments that never become whole take no memory from what comes next.
python3 "$TOP/tests/lib/frag_flood.py" "$TMP/frags.pcap"
echo 'memory limit 8M' > "$TMP/netmond.conf"
"$BUILD/netmond" -f "$TMP/netmond.conf" -r "$TMP/frags.pcap" -o json > "$TMP/out.json"
is "a flood of fragments in little memory: the session behind it is there" \
    "$(jq -c '[.hosts[] | [.host, .requests]]' "$TMP/out.json")" '[["real.example",20]]'
rm "$TMP/frags.pcap"

# Connections that all speak: most have to go while bytes of theirs wait.
"$BUILD/tests/bench/gen_pcap" tiny 8M 50000 > "$TMP/open.pcap"
"$BUILD/netmond" -f "$TMP/netmond.conf" -r "$TMP/open.pcap" -o json \
    > "$TMP/out.json" 2> "$TMP/err"
is "50000 open connections in little memory: status" $? 0
is "nothing went wrong" "$(cat "$TMP/err")" ""
is "what was shed is told" "$(jq -c '.complete |
    [.lossy, .shed > 0, .ratio < 1]' "$TMP/out.json")" '[true,true,true]'
echo 'memory limit 128M' > "$TMP/netmond.conf"
"$BUILD/netmond" -f "$TMP/netmond.conf" -r "$TMP/open.pcap" -o json \
    > "$TMP/out.json" 2> "$TMP/err"
is "and in enough: all of them, nothing shed" "$(jq -c '[.summary.connections,
    .complete.shed, .complete.lossy]' "$TMP/out.json")" '[50000,0,false]'
rm "$TMP/open.pcap"

[ "${BIG:-0}" = 1 ] || { skip "takes minutes; BIG=1 or make soak runs it"; finish; }
[ -n "${CORPUS:-}" ] && [ -f "$CORPUS/adversarial/gen.py" ] || { skip "needs CORPUS"; finish; }
python3 "$CORPUS/adversarial/gen.py" public "$TMP" --big > "$TMP/gen.out" 2>&1 ||
    { not_ok "the captures could not be made" "$(tail -3 "$TMP/gen.out")"; finish; }
echo 'memory limit 256M' > "$TMP/netmond.conf"
for f in $(find "$TMP" -name '*.pcap' | sort); do
	n=$(basename "$f" .pcap)
	t0=$(now_ms)
	"$BUILD/netmond" -f "$TMP/netmond.conf" -r "$f" -o json > "$TMP/out.json" 2> "$TMP/err" &
	p=$!
	peak=0
	while kill -0 $p 2>/dev/null; do
		now=0
		for c in $(pgrep -P $p); do
			case "$(cat "/proc/$c/comm" 2>/dev/null)" in
			netmond-analyze*|netmond-mirror*)
				k=$(awk '/^Pss:/ { print $2 }' "/proc/$c/smaps_rollup" 2>/dev/null)
				now=$((now + ${k:-0})) ;;
			esac
		done
		[ $now -le $peak ] || peak=$now
		sleep 0.01
	done
	wait $p
	is "$n: status" $? 0
	took=$(($(now_ms) - t0))
	at_most "$n: took $took ms" $took 60000
	[ $took -lt 500 ] || at_least "$n: its memory was seen" $peak 1000
	at_most "$n: peak PSS of analyzer and mirror is $peak KiB" $peak $((256 * 1024 * 105 / 100))
	like "$n: the real session is there" \
	    "$(jq -r '.hosts[].host' "$TMP/out.json")" '^www\.shop-a\.example$'
	echo "# $(jq -c '[.errors[] | select(.count > 0) | [.reason, .count]]' "$TMP/out.json")"
done
finish
