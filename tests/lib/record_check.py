#!/usr/bin/env python3
"""record_check.py SENT RECORD: every request of numbered_load.py is in the
record once, or lies within a gap that RECORD.gaps names. Prints
"sent S recorded R doubles D missing M unnamed U"."""
import collections
import datetime
import json
import re
import sys

SLACK = 0.05    # seconds between the client's clock and the capture


def when(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()


def named(gaps, port, t):
    for g in gaps:
        if g["from"] != "*" and not g["from"].endswith(":%d" % port):
            continue
        lo, hi = g.get("last_record"), g.get("next")
        if (not lo or when(lo) - SLACK <= t) and (not hi or t <= when(hi) + SLACK):
            return True
    return False


sent = json.load(open(sys.argv[1]))
raw = open(sys.argv[2], "rb").read()
got = collections.Counter(m.decode() for m in re.findall(rb"GET (/w\d+/c\d+/r\d+) HTTP", raw))
gaps = [json.loads(line) for line in open(sys.argv[2] + ".gaps")]
missing = [x for x in sent if x[0] not in got]
unnamed = [x for x in missing if not named(gaps, x[1], x[2])]
print("sent %d recorded %d doubles %d missing %d unnamed %d" % (
    len(sent), len(got), sum(n > 1 for n in got.values()), len(missing), len(unnamed)))
sys.exit(len(unnamed) > 0 or any(n > 1 for n in got.values()))
