#!/bin/sh
# Accuracy on public captures, and hostile ones, when CORPUS is given.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3
[ -n "${CORPUS:-}" ] && [ -f "$CORPUS/score.py" ] || { skip "needs CORPUS"; finish; }
export NETMOND="$BUILD/netmond"

# Under the sanitizers: each hostile capture and every fourth public one is
# read once; a report, a lost child or a hang fails by the file's name.
if [ "${SAN:-0}" = 1 ]; then
	one() {
		e=$(timeout 30 "$NETMOND" -r "$1" -o json 2>&1 >/dev/null)
		[ $? -le 1 ] || echo "$1: status"
		case $e in
		*Sanitizer*|*"runtime error"*|*" lost "*) echo "$1: $e" ;;
		esac
	}
	all=$(ls "$CORPUS"/adversarial/public/pcap/*
	    ls "$CORPUS"/public/pcap/* | awk 'NR % 4 == 0')
	half() { for f in $(echo "$all" | awk "NR % 2 == $1"); do one "$f"; done; }
	half 0 > "$TMP/0" &
	half 1 > "$TMP/1"
	wait
	is "$(echo "$all" | wc -l) captures without a sanitizer's report" \
	    "$(cat "$TMP/0" "$TMP/1")" ""
	skip "the other public captures and the scores: the plain build reads them"
	finish
fi

python3 "$CORPUS/score.py" --set "$CORPUS/public" --jobs 2 -v \
    --cmd "$TOP/tests/corpus/adapter {}" > "$TMP/public" 2>&1
sed 's/^/# /' "$TMP/public"
# bar NAME COLUMN LEAST: from the line of a group
bar() {
	v=$(awk -v g="$1" -v c="$2" '$1 == g { for (i = 1; i < NF; i++) if ($i == c) print $(i + 1) }' "$TMP/public")
	awk -v v="$v" -v m="$3" 'BEGIN { exit !(v != "" && v >= m) }' &&
	    ok "$1 $2 $v is at least $3" || not_ok "$1 $2 $v, want at least $3"
}
bar core mean 0.995
bar core exact 0.98
bar range mean 0.97
bar pairing exact 0.98
is "nothing is reported where there is no HTTP" \
    "$(grep '^quiet *[01]\.' "$TMP/public" | grep -vc 'reported 0/0;')" 0
like "no crash and no hang" "$(grep crashes "$TMP/public")" 'crashes/timeouts 0 '

# Names over QUIC, of all captures with UDP. Two are of draft 29, which is not
# read: its keys are others, and only its version tells it.
cat > "$TMP/quic.py" <<'EOT'
import glob, json, os, subprocess, sys
draft = ["ipfixprobe__quic_initial-sample.pcap", "nDPI__dlt_ppp.pcap"]
right = []
for name in sorted(glob.glob(sys.argv[1] + "/truth/*.json")):
    with open(name) as f:
        t = json.load(f)
    if "udp" not in t["tags"]:
        continue
    want = t["truth"].get("quic_sni", {})
    if t["file"] in draft:
        want = {}
    p = subprocess.run([sys.argv[2], sys.argv[1] + "/pcap/" + t["file"]],
                       stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
    got = json.loads(p.stdout or b"{}").get("quic_sni")
    if got == want:
        right += list(want)
    else:
        print(t["file"], "has", got, "and not", want)
print(len(right), "names")
EOT
is "names over QUIC are those of the truth" \
    "$(python3 "$TMP/quic.py" "$CORPUS/public" "$TOP/tests/corpus/adapter" 2>&1)" \
    "10 names"

# HTTP/2 in the clear. In one a promise is a request, which the truth does not
# count; in the other, which was mutated, the client's SETTINGS are on a stream,
# which ends its connection.
cat > "$TMP/h2.py" <<'EOT'
import glob, json, subprocess, sys
right = []
for name in sorted(glob.glob(sys.argv[1] + "/truth/*.json")):
    with open(name) as f:
        t = json.load(f)
    want = t["truth"].get("h2", {})
    if not any(want.values()):
        continue
    p = subprocess.run([sys.argv[2], sys.argv[1] + "/pcap/" + t["file"]],
                       stdout=subprocess.PIPE)
    got = json.loads(p.stdout or b"{}").get("h2")
    if got == want:
        right.append(name)
    else:
        print(t["file"], *(k for k in want if got[k] != want[k]))
print(len(right), "captures")
EOT
is "HTTP/2 is that of the truth" \
    "$(python3 "$TMP/h2.py" "$CORPUS/public" "$TOP/tests/corpus/adapter" 2>&1)" \
    "arkime__http2-nghttp2.pcap requests methods authorities
suricata-verify__drop-protocol-change__input.pcap responses statuses
8 captures"

python3 "$CORPUS/score.py" --adv "$CORPUS/adversarial/public" --jobs 2 \
    --timeout 20 --cmd "$TOP/tests/corpus/adapter {}" > "$TMP/adv" 2>&1
sed 's/^/# /' "$TMP/adv"
n=$(sed -n 's/^adversarial \([0-9]*\)\/.*/\1/p' "$TMP/adv")
at_least "hostile captures answered as they should" "$n" 162
like "no crash and no hang in them" "$(tail -1 "$TMP/adv")" ', 0 crash/timeout'
finish
