#!/bin/sh
# Which tunnels are looked into: the same request in the clear, in GRE, in
# VXLAN and in GRE that lies in VXLAN.
. "${TOP:=$(cd "$(dirname "$0")/../../.." && pwd)}/tests/lib/tap.sh"
need python3 jq
cat > "$TMP/gen.py" <<'EOT'
import struct, sys
def ip(proto, body, a, b):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, proto, 0, a, b) + body
def tcp(seq, flags, data=b""):
    return struct.pack("!HHIIBBHHH", 40000, 80, seq, 1 if flags != 2 else 0, 0x50, flags, 65535, 0, 0) + data
def udp(body):
    return struct.pack("!HHHH", 5000, 4789, 8 + len(body), 0) + body
A, B = b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"
ether = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\x00"
gre = lambda inner: ip(47, b"\0\0\x08\0" + inner, A, B)
vxlan = lambda inner: ip(17, udp(b"\x08\0\0\0\0\0\7\0" + ether + inner), A, B)
ways = [("clear", lambda x: x), ("gre", gre), ("vxlan", vxlan), ("both", lambda x: vxlan(gre(x)))]
out = open(sys.argv[1], "wb")
out.write(struct.pack("=IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
for n, (name, wrap) in enumerate(ways):
    src = bytes([192, 0, 2, n + 1])
    req = b"GET / HTTP/1.1\r\nHost: %s.test\r\n\r\n" % name.encode()
    for k, seg in enumerate((tcp(0, 2), tcp(1, 0x18, req))):
        frame = ether + wrap(ip(6, seg, src, b"\xc6\x33\x64\1"))
        out.write(struct.pack("=IIII", 1700000000 + n, k, len(frame), len(frame)) + frame)
# A frame that is encrypted below IP: 802.1AE.
frame = ether[:12] + b"\x88\xe5\x0c\0\0\0\0\1" + bytes(60)
out.write(struct.pack("=IIII", 1700000009, 0, len(frame), len(frame)) + frame)
EOT
python3 "$TMP/gen.py" "$TMP/in.pcap"
hosts() {
	echo "interface match \"*\" { decap $1 }" > "$TMP/netmond.conf"
	"$BUILD/netmond" -r "$TMP/in.pcap" -f "$TMP/netmond.conf" -o json |
	    jq -r '[.hosts[].host] | sort | join(" ")'
}
is "all" "$(hosts all)" "both.test clear.test gre.test vxlan.test"
is "none" "$(hosts none)" "clear.test"
is "one kind" "$(hosts vxlan)" "clear.test vxlan.test"
is "two kinds, one in the other" "$(hosts '{ gre vxlan }')" "both.test clear.test gre.test vxlan.test"
is "what is encrypted is said, and is no error" \
    "$("$BUILD/netmond" -r "$TMP/in.pcap" -o json | jq -c '[(.errors[] |
	select(.reason == "encrypted").count), .summary.parse_errors]')" "[1,0]"
is "another kind" "$(hosts '{ gtp, pppoe }')" "clear.test"
# talkers DECAP: who is known by then
talkers() {
	printf '%s\n' "interface match \"*\" { decap $1 }" > "$TMP/netmond.conf"
	"$BUILD/netmond" -r "$TMP/in.pcap" -f "$TMP/netmond.conf" -o json |
	    jq -r '[.talkers[] | "\(.client):\(.service):\(.packets)"] | sort | join(" ")'
}
is "talkers are who is within" "$(talkers all)" \
    "192.0.2.1:tcp/80:2 192.0.2.2:tcp/80:2 192.0.2.3:tcp/80:2 192.0.2.4:tcp/80:2"
is "or who sends what is not looked into" "$(talkers none)" \
    "10.0.0.1:gre:2 10.0.0.1:udp/4789:4 192.0.2.1:tcp/80:2"
is "of one kind, too" "$(talkers vxlan)" \
    "10.0.0.1:gre:4 192.0.2.1:tcp/80:2 192.0.2.3:tcp/80:2"
# evidence DECAP: how many packets it has of an alert on all of them
evidence() {
	rm -f "$TMP/evidence"
	printf '%s\n' "interface match \"*\" { decap $1 }" \
	    'alert "all" when packets >= 8 over 10s' \
	    "log evidence \"$TMP/evidence\"" > "$TMP/netmond.conf"
	"$BUILD/netmond" -r "$TMP/in.pcap" -f "$TMP/netmond.conf" > /dev/null
	"$BUILD/netmond" -r "$TMP/evidence" -o json |
	    jq '.interfaces[].packets_total'
}
is "evidence has headers of what is looked into" \
    "$(evidence all) $(evidence vxlan) $(evidence none)" "8 4 2"
is "and nothing behind them" "$(evidence all > "$TMP/n"
    grep -ac '\.test' "$TMP/evidence")" 0
finish
