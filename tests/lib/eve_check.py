#!/usr/bin/env python3
"""eve_check.py FILE: each line is what Suricata's EVE schema has, as far as
netmond writes it: closed sets of names, their types, the shape of times.
Prints "lines N bad B" and the types seen."""
import collections
import json
import re
import sys

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000\Z")
PORT = range(65536)
S, I, B, ANY = str, int, bool, object
TOP = {
    "timestamp": TIME, "flow_id": range(1, 2 ** 53), "in_iface": S,
    "event_type": S, "vlan": [I], "src_ip": S, "src_port": PORT,
    "dest_ip": S, "dest_port": PORT, "proto": S, "ip_v": (4, 6),
    "community_id": re.compile(r"1:[A-Za-z0-9+/]{27}=\Z"), "tx_id": I,
    "app_proto": S, "pcap_filename": S, "host": S,
    "http": {
        "hostname": S, "url": S, "http_user_agent": S, "http_method": S,
        "http_content_type": S, "http_refer": S, "protocol": S,
        "status": range(1000), "length": I},
    "tls": {
        "sni": S, "version": S, "client_alpns": [S], "session_resumed": B},
    "quic": {"version": S, "sni": S},
    "flow": {
        "pkts_toserver": I, "pkts_toclient": I, "bytes_toserver": I,
        "bytes_toclient": I, "start": TIME, "end": TIME, "age": I,
        "state": ("new", "established", "closed"), "reason": S,
        "alerted": B, "tx_cnt": I},
    "tcp": {
        "tcp_flags": re.compile("[0-9a-f]{2}\\Z"), "state": S, "ts_gap": B,
        "tc_gap": B},
    "alert": {
        "action": ("allowed",), "gid": I, "signature_id": range(1, 2 ** 32),
        "rev": I, "signature": S, "category": S, "severity": (1, 2, 3),
        "context": ANY},
    "anomaly": {
        "type": ("applayer",), "event": S, "layer": ("proto_parser",),
        "app_proto": S},
    "stats": {
        "uptime": I,
        "capture": {"kernel_packets": I, "kernel_drops": I, "errors": I},
        "decoder": {"pkts": I, "bytes": I, "invalid": I},
        "tcp": {"sessions": I, "reassembly_gap": I, "overlap": I}},
}
MUST = ("timestamp", "event_type")


def wrong(v, want, name):
    """What is wrong with it, or None."""
    if want is ANY:
        return None
    if isinstance(want, dict):
        if not isinstance(v, dict):
            return name + ": no object"
        for k in v:
            if k not in want:
                return "%s.%s: unknown" % (name, k)
            w = wrong(v[k], want[k], name + "." + k)
            if w:
                return w
        return None
    if isinstance(want, list):
        if not isinstance(v, list):
            return name + ": no array"
        return next((w for w in (wrong(x, want[0], name) for x in v) if w), None)
    if isinstance(want, re.Pattern):
        good = isinstance(v, str) and want.match(v)
    elif isinstance(want, (range, tuple)):
        good = type(v) is type(want[0]) and v in want
    else:
        good = type(v) is want and not (want is I and v < 0)
    return None if good else "%s: %r" % (name, v)


def judge(raw):
    """What is wrong with a line, or None, and its type."""
    try:
        e = json.loads(raw.decode("utf-8"), object_pairs_hook=pairs)
    except ValueError as err:
        return str(err), None
    w = wrong(e, TOP, "")
    for k in MUST:
        w = w or (None if k in e else k + " is missing")
    kind = e.get("event_type")
    return w or (None if kind in e else "no object " + str(kind)), kind


def pairs(p):
    if len(dict(p)) != len(p):
        raise ValueError("a name twice")
    return dict(p)


seen = collections.Counter()
bad = 0
raw = open(sys.argv[1], "rb").read()
if raw and not raw.endswith(b"\n"):
    print("the last line is not whole")
    bad += 1
for line in raw.split(b"\n")[:-1]:
    w, kind = judge(line)
    seen[kind] += 1
    if w:
        bad += 1
        if bad < 4:
            print(w, line[:300])
print("lines %d bad %d: %s" % (sum(seen.values()), bad, " ".join(sorted(k for k in seen if k))))
sys.exit(bad > 0)
