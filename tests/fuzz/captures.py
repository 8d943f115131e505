#!/usr/bin/env python3
"""captures.py NETMOND CAPTURES SECONDS [SEED [KEEP]]: whole captures, mutated.

Packets are dropped, sent twice, moved, cut short and damaged, two captures
are spliced; NETMOND -r must end by itself in TIME seconds with a document
whose sums agree, and no sanitizer may speak. What fails is kept in KEEP.
"""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cut  # noqa: E402

TIME = 5 if not os.environ.get("SLOW") else 60
PACKETS = 1500
INTERIM = [100] + list(range(102, 200))


# ---- mutations of a list of [time, bytes, wire length] ----

def drop(r, p):
    part = r.choice((0.01, 0.05, 0.3))
    return [x for x in p if r.random() >= part]


def twice(r, p):
    out = []
    for x in p:
        out.append(x)
        if r.random() < 0.1:
            out.insert(max(0, len(out) - r.randrange(1, 6)), x)
    return out


def move(r, p):
    out = list(p)
    for i in range(len(out) - 1):
        if r.random() < 0.2:
            j = min(len(out) - 1, i + r.randrange(1, 8))
            out[i], out[j] = out[j], out[i]
    return out


def shorten(r, p):
    if r.random() < 0.3:
        n = r.randrange(20, 300)	# one snaplen for all
        return [[t, b[:n], w] for t, b, w in p]
    return [[t, b[:r.randrange(len(b) + 1)] if r.random() < 0.05 else b, w]
            for t, b, w in p]


def damage(r, p):
    part = r.choice((0.01, 0.1, 0.5))
    out = []
    for t, b, w in p:
        if b and r.random() < part:
            b = bytearray(b)
            top = len(b) if r.random() < 0.5 else min(len(b), 74)
            for _ in range(r.randrange(1, 4)):
                b[r.randrange(top)] = r.choice((0, 255, 128,
                                                r.randrange(256)))
            b = bytes(b)
        out.append([t, b, w])
    return out


def jump(r, p):
    at, by = r.randrange(len(p) + 1), r.choice((-10 ** 7, 10 ** 6, 10 ** 9))
    return p[:at] + [[max(0, t + by), b, w] for t, b, w in p[at:]]


def halve(r, p):
    return p[len(p) // 2:] if r.random() < 0.5 else p[:len(p) // 2 + 1]


MUTATIONS = (drop, twice, move, shorten, damage, jump, halve)


# ---- the document ----

def numbers(v, path=""):
    if isinstance(v, dict):
        for k, x in v.items():
            yield from numbers(x, path + "." + k)
    elif isinstance(v, list):
        for x in v:
            yield from numbers(x, path + "[]")
    elif isinstance(v, (int, float)) and not isinstance(v, bool):
        yield path, v


def faults(d, packets):
    """What does not fit together."""
    s, out = d["summary"], []

    def want(what, ok):
        if not ok:
            out.append(what)

    def total(rows, field, what):
        return sum(x[field] for x in rows) + sum(
            x["count"] for x in d["other"] if x["what"] == what)

    for path, v in numbers(d):
        if v < 0 and not path.endswith(("vlan", ".value", ".limit")):
            want("%s is %r" % (path, v), False)
        if path.endswith("ratio") and v > 1:
            want("%s is %r" % (path, v), False)
    want("packets: %d of %d" % (s["packets"], packets),
         s["packets"] == packets)
    want("complete.packets", d["complete"]["packets"] == s["packets"])
    want("interfaces", sum(i["packets_total"] for i in d["interfaces"])
         == s["packets"])
    want("messages", s["messages"] == s["requests"] + s["responses"])
    want("methods", total(d["methods"], "count", "methods") == s["requests"])
    final = [x for x in d["status"] if x["code"] not in INTERIM]
    want("status", total(final, "count", "status") == s["responses"])
    want("hosts", total(d["hosts"], "requests", "hosts") == s["requests"])
    want("pairs", s["requests"] - s["unpaired_requests"]
         == s["responses"] - s["unpaired_responses"])
    want("buckets", sum(b["count"] for b in d.get("response_buckets", []))
         <= s["responses"])
    want("names", sum(n["connections"] for n in d["names"])
         + s["tls_no_name"] >= s["tls_handshakes"]
         or s["tls_handshakes"] == 0)
    for h in d["hosts"]:
        want("host " + h["host"], h["unpaired_requests"] <= h["requests"] and
             h["status_2xx"] + h["status_3xx"] + h["status_4xx"] +
             h["status_5xx"] <= h["responses"] and
             sum(m["count"] for m in h["methods"]) <= h["requests"])
    for m in d["memory"]:
        want("memory " + m["pool"], m["used_bytes"] <= m["limit_bytes"])
    return out


def write(path, link, p):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for t, b, w in p:
            f.write(struct.pack("<IIII", t // 1000000 & 0xffffffff,
                                t % 1000000, len(b), max(w, len(b))) + b)


def run(netmond, path, packets):
    """What is wrong, or None."""
    try:
        # with a file, be it an empty one, talkers are counted
        q = subprocess.run([netmond, "-f", "/dev/null", "-r", path, "-o",
                            "json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           timeout=TIME)
    except subprocess.TimeoutExpired:
        return "more than %d s" % TIME
    if b"Sanitizer" in q.stderr or b"runtime error" in q.stderr:
        return "sanitizer: " + q.stderr.decode("latin-1")[:2000]
    if q.returncode != 0:
        return "status %d: %s" % (q.returncode, q.stderr.decode("latin-1"))
    try:
        bad = faults(json.loads(q.stdout), packets)
    except (ValueError, KeyError) as e:
        return "no document: %r" % e
    return "; ".join(bad[:5]) or None


def load(name):
    with open(name, "rb") as f:
        p = list(cut.packets(f.read()))[:PACKETS]
    if not p or any(x[0] != p[0][0] for x in p):
        return None
    return p[0][0], [[t, b, w] for _, t, b, w in p]


def main():
    netmond, folder, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    r = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    keep = sys.argv[5] if len(sys.argv) > 5 else "."
    files = sorted(os.path.join(folder, f) for f in os.listdir(folder)
                   if f.endswith((".pcap", ".pcapng", ".cap", ".trace")))
    end = os.times().elapsed + seconds
    runs = bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        path = os.path.join(tmp, "x.pcap")
        while os.times().elapsed < end:
            one = load(r.choice(files))
            if one is None:
                continue
            link, p = one
            if r.random() < 0.3:
                two = load(r.choice(files))
                if two is not None and two[0] == link:
                    at = r.randrange(len(p) + 1)
                    p = p[:at] + two[1] + p[at:]
            for _ in range(r.randrange(4)):
                if p:
                    p = r.choice(MUTATIONS)(r, p)
            write(path, link, p)
            why = run(netmond, path, len(p))
            runs += 1
            if why is None:
                continue
            bad += 1
            name = os.path.join(keep, "bad-%03d.pcap" % bad)
            write(name, link, p)
            print("%s: %s" % (name, why), flush=True)
    print("runs %d bad %d" % (runs, bad))
    sys.exit(bad > 0 or runs == 0)


if __name__ == "__main__":
    main()
