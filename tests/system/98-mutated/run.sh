#!/bin/sh
# What comes out fits together whatever goes in: odd answers, and captures
# that were mutated. MUTATE_SECONDS sets how long (soak: 600).
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq
: "${MUTATE_SECONDS:=10}"
PYTHONPATH="$TOP/tests/lib" python3 - "$TMP/odd.pcap" <<'PY' || not_ok "the capture could not be made"
import struct
import sys

from checksum import checksum


def segment(who, flags, seq, ack, data=b""):
    a, b = (b"\x0a\0\0\1", b"\x0a\0\0\2")[::1 if who == "c" else -1]
    ports = (40000, 80)[::1 if who == "c" else -1]
    t = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65000, 0, 0)
    s = checksum(a + b + struct.pack(">HH", 6, len(t) + len(data)) + t + data)
    t = t[:16] + struct.pack(">H", s) + t[18:] + data
    h = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(t), 1, 0, 64, 6, 0,
                    a, b)
    return h[:10] + struct.pack(">H", checksum(h)) + h[12:] + t


q = b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"
r = b"HTTP/1.1 000 none\r\nContent-Length: 0\r\n\r\n"
n, m = 1 + len(q), 1 + len(r)
talk = [("c", 2, 0, 0), ("s", 18, 0, 1), ("c", 16, 1, 1), ("c", 24, 1, 1, q),
        ("s", 24, 1, n, r), ("c", 24, n, m, q), ("c", 17, n + len(q), m),
        ("s", 17, m, n + len(q) + 1), ("c", 16, n + len(q) + 1, m + 1)]
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
    for i, x in enumerate(talk):
        p = segment(*x)
        f.write(struct.pack("<IIII", 1000000000, i * 1000, len(p), len(p)) + p)
PY
"$BUILD/netmond" -r "$TMP/odd.pcap" -o json > "$TMP/odd.json" 2> "$TMP/err"
is "a file with a status of 000" $? 0
is "the answer 000 has its request, the other request has none" \
    "$(jq -c '.summary | [.requests, .unpaired_requests, .responses,
    .unpaired_responses]' "$TMP/odd.json")" '[2,1,1,0]'
[ -n "${CORPUS:-}" ] && [ -d "$CORPUS/public/pcap" ] ||
    { skip "mutated captures need CORPUS"; finish; }
SLOW=1 python3 "$TOP/tests/fuzz/captures.py" "$BUILD/netmond" \
    "$CORPUS/public/pcap" "$MUTATE_SECONDS" 1 "$TMP" > "$TMP/out" 2>&1
rc=$?
is "mutated captures: $(tail -1 "$TMP/out")" $rc 0
sed 's/^/# /' "$TMP/out"
finish
