#!/usr/bin/env python3
"""resegment_all.py ADAPTER CAPTURES N SEED: N random re-segmentations over up
to 100 captures that hold HTTP or TLS; prints those whose report changed, and
one closing line "same S changed C". Status 1 when any changed."""
import json
import os
import random
import subprocess
import sys
import tempfile

adapter, folder, count, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
KEYS = ("requests", "responses", "methods", "statuses", "hosts", "sni")


def report(path):
    o = subprocess.run([adapter, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    try:
        j = json.loads(o or b"{}")
    except ValueError:
        return None
    r = {k: j.get(k) for k in KEYS}
    r["tx"] = sorted(map(json.dumps, j.get("tx", [])))
    return r


r = random.Random(seed)
here = os.path.dirname(os.path.abspath(__file__))
files = sorted(os.listdir(folder))
r.shuffle(files)
with tempfile.TemporaryDirectory() as tmp:
    out = os.path.join(tmp, "x.pcap")
    base = {}
    for f in files:
        if len(base) == 100:
            break
        p = os.path.join(folder, f)
        if subprocess.run([sys.executable, here + "/resegment.py", p, out, "0"],
                          stderr=subprocess.DEVNULL).returncode != 0:
            continue
        a = report(p)
        if a and (a["requests"] or a["responses"] or a["sni"]):
            base[p] = a
    names = sorted(base)
    same = changed = 0
    for i in range(count if names else 0):
        p = names[i % len(names)]
        s = str(seed * 100000 + i)
        subprocess.run([sys.executable, here + "/resegment.py", p, out, s], check=True)
        b = report(out)
        if b == base[p]:
            same += 1
            continue
        changed += 1
        what = [k for k in base[p] if not b or b.get(k) != base[p][k]]
        print("changed: %s seed %s: %s" % (os.path.basename(p), s, " ".join(what)))
print("same %d changed %d" % (same, changed))
sys.exit(changed > 0 or same == 0)
