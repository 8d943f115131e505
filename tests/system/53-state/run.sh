#!/bin/sh
# state "PATH": what is usual outlives a restart, a kill and a lost disk. The
# half hours that nobody can wait for here are written into the file.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
. "$TOP/tests/lib/daemon.sh"
. "$TOP/tests/lib/net.sh"
need_root
need nginx ab curl jq ip python3

net_up
nginx_up
STATE=$TMP/run/state
WRAP="ip netns exec $NSB"
rule='alert "surge" when requests > 300% of usual over 5s per host { at least 20 requests }'

# Shows the hosts and the sum of the running half hour, or makes each half
# hour that is over one of so many requests a second.
cat > "$TMP/state.py" <<'EOT'
import struct, sys
M = 2 ** 64 - 1
def siphash13(p):
    v = [0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261,
        0x7465646279746573]
    rotl = lambda x, b: (x << b | x >> 64 - b) & M
    def rounds(n):
        for i in range(n):
            v[0] = v[0] + v[1] & M; v[1] = rotl(v[1], 13) ^ v[0]
            v[0] = rotl(v[0], 32)
            v[2] = v[2] + v[3] & M; v[3] = rotl(v[3], 16) ^ v[2]
            v[0] = v[0] + v[3] & M; v[3] = rotl(v[3], 21) ^ v[0]
            v[2] = v[2] + v[1] & M; v[1] = rotl(v[1], 17) ^ v[2]
            v[2] = rotl(v[2], 32)
    n = len(p)
    for i in range(0, n & ~7, 8):
        m, = struct.unpack_from("<Q", p, i)
        v[3] ^= m; rounds(1); v[0] ^= m
    m = int.from_bytes(p[n & ~7:], "little") | (n & 255) << 56
    v[3] ^= m; rounds(1); v[0] ^= m
    v[2] ^= 255; rounds(3)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
path = sys.argv[1]
d = bytearray(open(path, "rb").read())
assert siphash13(d[:-8]) == struct.unpack("=Q", d[-8:])[0]
at = 8
while at < len(d) - 8:
    slot, n = struct.unpack_from("=II", d, at)
    at, end, text = at + 8, at + 8 + n, []
    for i in range(2):
        l, = struct.unpack_from("=I", d, at)
        text.append(d[at + 4:at + 4 + l].decode()); at += 4 + l
    rule, wall, watched, total = struct.unpack_from("=QQIQ", d, at); at += 28
    assert end - at == 51 * 2
    if len(sys.argv) == 2:
        print(*text, total)
    else:
        top = struct.unpack("=I", struct.pack("=f", float(sys.argv[2])))[0]
        d[at:end] = struct.pack("=H", top >> 16) * 51
    at = end
if len(sys.argv) > 2:
    d[-8:] = struct.pack("=Q", siphash13(d[:-8]))
    open(path, "r+b").write(d)
EOT
kept() { python3 "$TMP/state.py" "$STATE" | sort | xargs; }
asked() { ina ab -q -n "$2" -H "Host: $1" http://10.77.0.2/index.html > /dev/null 2>&1; }
counted() {
	[ "$(json '[.hosts[].requests] | add // 0' show hosts window total)" = "$1" ]
}
row() { json ".alerts[] | select(.key == \"$1\") | \"\(.state) \(.limit)\"" show alerts; }
not_known() { json '.alerts[0].reason' show alerts; }

conf "$rule" "state \"$STATE\""
start
asked one.example 5
wait_for 5 counted 5 || not_ok "5 requests were not counted"
like "before the first half hour nothing is usual" "$(not_known)" 'not known yet'
stop
is "it ends well" "$status" 0
is "the file is ours alone" "$(stat -c '%a %U' "$STATE")" "600 $TEST_USER"
is "what the running half hour counted is kept" "$(kept)" "surge one.example 5"

start
asked one.example 3
asked two.example 2
wait_for 5 counted 5 || not_ok "5 requests were not counted"
stop
is "and goes on at the next start" "$(kept)" "surge one.example 8 surge two.example 2"

python3 "$TMP/state.py" "$STATE" 10
start
asked one.example 1
wait_for 5 counted 1
is "what was usual is: three times 10 a second, for 5 seconds" "$(row one.example)" "ok 150"
asked one.example 400
fires() { [ "$(row one.example | cut -d' ' -f1)" = firing ]; }
wait_for 5 fires && ok "more than that fires" || not_ok "more than that fires" "$(row one.example)"
lose analyzer
is "also over a lost process" "$(row one.example | cut -d' ' -f2)" 150
kill -9 "$NM"
wait "$NM" 2> /dev/null
NM=
start
asked one.example 1
wait_for 5 counted 1
is "a kill costs no more than ten minutes" "$(row one.example)" "ok 150"

# another rule of that name, at a reload and at a start
conf "$(echo "$rule" | sed 's/when requests/when responses/')" "state \"$STATE\""
ctl reload > /dev/null
asked one.example 1
known() { [ -n "$(row one.example)" ]; }
wait_for 5 known
like "a rule that counts something else has no past" "$(not_known)" 'not known yet'
stop
conf "$rule" "state \"$STATE\""
start
asked one.example 1
wait_for 5 known
like "nor has the first one, then" "$(not_known)" 'not known yet'
stop

printf x >> "$STATE"
start
like "a damaged file is told of" "$(cat "$TMP/netmond.log")" \
    'state: damaged, or of another version or machine: what is usual begins anew'
is "and counted" "$(json '.tallies[] | select(.name == "par_state_lost") | .value' show tally)" 1
is "and stops nobody" "$(json '.alerts | length' show alerts)" 1
asked one.example 1
wait_for 5 counted 1
rm -rf "$STATE"
mkdir "$STATE"
stop
like "what cannot be kept is told of" "$(cat "$TMP/netmond.log")" \
    'state: what is usual is not kept for another start: '
is "and no failure" "$status" 0
rmdir "$STATE"

conf "$rule" 'state "/etc/passwd"'
like "not anywhere" "$("$BUILD/netmond" -n -f "$TMP/netmond.conf" 2>&1)" \
    'netmond.conf:4: "/etc/passwd" lies outside of the folders'
conf "$rule" "state \"$STATE\"" "log events \"$STATE\""
like "nor where another line writes" "$("$BUILD/netmond" -n -f "$TMP/netmond.conf" 2>&1)" \
    'is written already by another line'
conf "$rule" "state \"$TMP/run/none/state\""
like "a folder that is missing is told of" \
    "$("$BUILD/netmond" -n -f "$TMP/netmond.conf" 2>&1)" 'cannot write here: .*/none'
finish
