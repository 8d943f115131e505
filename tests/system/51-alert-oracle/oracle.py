#!/usr/bin/env python3
"""oracle.py NETMOND SEED ...: alert rules of netmond.conf(5) by brute force.

Of each seed: a capture of HTTP with known messages, with bursts, pauses and
times that go back a little; ten rules of many kinds; what netmond tells of
them and counts, against what the words of the manual give. Prints the
differences, then how many events there were and how many differences.
"""
import calendar
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict

from tcp_capture import A, F, P, S, packet, write

BASE = 1700000000 * 10**6       # of tcp_capture
COUNTS = ("messages", "requests", "responses", "errors", "connections")


def talks(r):
    """Packets, and in their order (time, what is counted, how much, of)."""
    out, now = [], r.randrange(10**7)
    for port in range(1000, 1000 + r.choice((20, 60, 120))):
        now += int(r.expovariate(r.choice((.1, 1, 10))) * 1e6)
        now += r.random() < .03 and r.randrange(10**7, 10**9)
        at, seq, client = now, [1, 1], bytes((10, 0, 1, r.randrange(4)))
        who = {"client": "10.0.1.%d" % client[3]}
        host = "h%d" % r.randrange(6)

        def put(wait, down, flags, text="", told=(), since=None):
            nonlocal at
            at += wait
            t = max(at - r.choice((0,) * 19 + (1500,)), 0)
            ends = (80, port) if down else (port, 80)
            out.append((at, t, since, (("packets", who),) + told, (
                *ends, seq[down], seq[not down], flags, text.encode(), client)))
            seq[down] += len(text) + (flags & 3 != 0)
            return t
        t = put(0, 0, S)
        put(r.choice((300, 70000)), 1, S | A, "", (("connect-time", who),), t)
        put(90, 0, A)
        for i in range(r.choice((1, 1, 3, 9))):
            x = dict(who, host=host, section=host + r.choice(("/a", "/b")))
            t = put(r.randrange(10**r.choice((3, 6))), 0, P, "GET %s HTTP/1.1"
                    "\r\nHost: %s\r\n\r\n" % (x["section"][2:], host), (
                        ("connections", who),)[i:] + (("requests", x),
                                                      ("messages", x)))
            x = dict(x, status=r.choice(("200", "200", "204", "404", "503")))
            told = ("responses", x), ("messages", x), ("response-time", x)
            put(int(2**r.uniform(8, 21)), 1, P, "HTTP/1.1 %s x\r\nContent-"
                "Length: 0\r\n\r\n" % x["status"], told + (
                    ("errors", x),) * (x["status"] >= "400"), t)
        put(90, 0, F)
        put(90, 1, F)
    clock, told = 0, []
    out.sort(key=lambda p: p[0])
    for _, t, since, what, _ in out:
        clock = max(clock, t)
        for k, x in what:
            n = max(t - since, 0) if k.endswith("time") else 1
            if n or k != "response-time":
                told.append((clock, k, n, x))
    return [packet(t, *p) for _, t, _, _, p in out], told


def draw(r, name):
    metric = r.choice(COUNTS + ("packets", "new", "ratio", "ratio",
                                "response-time", "connect-time"))
    a = {"name": name, "op": r.choice((">=", ">", "<", "<=")), "x": None,
         "span": r.choice((1000, 1100, 7000, 10000, 31000, 60000, 601000)),
         "for": r.choice((0, 0, 0, 1000, 5000)), "least": r.choice((0, 0, 3)),
         "key": r.choice(("", "", "host", "section", "client")),
         "repeat": r.choice((0, 0, 7000)), "metric": metric, "of": metric,
         "words": metric, "limit": r.choice((1, 2, 3, 8)), "unit": ""}
    if metric == "ratio":
        a["x"], a["of"] = r.choice((("errors", "responses"),
                                    ("requests", "messages")))
        a.update(words="ratio %(x)s of %(of)s" % a, unit="%",
                 limit=r.choice((20, 35, 50, 60)))
    elif metric == "new":
        a["key"] = r.choice(("host", "section", "client"))
        a["words"] = "new " + a["key"]
    elif metric.endswith("time"):
        a.update(part=r.choice((1, 50, 95, 99)), unit="ms",
                 limit=r.choice((1, 10, 100)))
        a["words"] = "p%(part)d %(words)s" % a
    if metric in ("packets", "connections", "connect-time", "new"):
        a["least"] = 0
    if metric == "packets":     # which are counted some at a time
        a.update(key="", limit=a["limit"] * 30)
        a["for"] = a["for"] or 1000
    elif metric in ("connections", "connect-time"):
        a["key"] = a["key"] and "client"
    elif a["key"] and metric in ("errors", "responses") and r.random() < .5:
        a["key"] = "status"
    a["base"] = "responses" if a["key"] == "status" else "requests"
    a["per"] = "per " + a["key"] if a["key"] and metric != "new" else ""
    a["line"] = "alert %(name)s when %(words)s %(op)s %(limit)d%(unit)s " \
        "over %(span)dms %(per)s for %(for)dms repeat %(repeat)dms " \
        "at least %(least)d %(base)s\n" % a
    for k in "span", "for", "repeat":
        a[k] *= 1000
    a["limit"] /= {"%": 100, "ms": 1000}.get(a["unit"], 1)
    return a


def quantile(times, q):
    """Four buckets for each power of two, from 16 us on."""
    want, n, h = q * len(times), 0, Counter()
    for us in times:
        part = 1 << us.bit_length() - 3 if us >= 16 else 16
        h[us // part * part, part] += 1
    for (lo, part), k in sorted(h.items()):
        if n + k >= want:
            return (lo + int((want - n) / k * part)) / 1e6
        n += k
    return 0


class Rule:
    """The state machines of a rule; told what is counted, in order."""
    def __init__(self, a):
        self.a, self.said, self.keys, self.met = a, [], {}, set()
        self.timed = a["metric"].endswith("time")
        self.counts = not self.timed and a["metric"] != "ratio"
        self.up = a["op"][0] == ">"
        n = min(24 if self.timed else 120, a["span"] // 250000)
        if not self.timed:      # slices of a 120th, but 250 ms to 5 s
            n = max(n, -(-a["span"] // 5000000))
        self.slice = -(-a["span"] // n)
        self.now = self.end = None
        self.minute = self.fired = 0

    def of(self, key):
        return self.keys.setdefault(key, {"key": key, "state": "ok", "since":
                                          self.now, "got": defaultdict(list)})

    def within(self, k, what):
        """What lies in the slices that overlap the last span."""
        first = (self.now + BASE - self.a["span"]) // self.slice
        return [n for t, n in k["got"][what]
                if (t + BASE) // self.slice >= first]

    def judge(self, k):
        a, got, state = self.a, self.within(k, self.a["of"]), k["state"]
        v, some, limit = sum(got), self.counts or got, a["limit"]
        if self.timed:
            v = quantile(got, a["part"] / 100)
        elif some and not self.counts:
            v = sum(self.within(k, a["x"])) / v
        over = v < .9 * limit if self.up else v > 1.1 * limit
        if state in ("firing", "clearing") and some:
            k["peak"] = (max if self.up else min)(k["peak"], v)
        if state in ("ok", "pending"):
            k["state"] = "ok"
            if some and {">=": v >= limit, ">": v > limit, "<=": v <= limit,
                         "<": v < limit}[a["op"]] and (
                    self.up and self.counts or
                    self.now >= self.begin + a["span"]) and (
                    len(self.within(k, a["base"])) >= a["least"]):
                k["state"] = "pending"
                if not a["for"] or (state == "pending" and
                                    self.now - k["since"] >= a["for"]):
                    self.fire(k, v)
        elif state == "firing":
            if some and k["worse"] > 0 and (
                    v >= 2 * k["worse"] if self.up else v * 2 <= k["worse"]):
                k["worse"] = v
                self.say("worse", k, v)
            elif a["repeat"] and self.now >= k["again"] + a["repeat"]:
                k["again"] = self.now
                self.say("repeated", k, v)
            k["state"] = "clearing" if over else "firing"
        elif not over:
            k["state"] = "firing"
        elif self.now - k["since"] >= self.slice:
            k["state"] = "ok"
            self.say("cleared", k, v)
        if k["state"] != state:
            k["since"] = self.now

    def fire(self, k, v):
        self.storm()
        self.minute = self.minute if self.fired else self.now
        self.fired += 1
        k.update(state="firing", fired=self.now, peak=v, worse=v,
                 again=self.now, quiet=self.fired > 20)
        self.say("fired", k, v)

    def storm(self, over=False):
        """More than 20 firings of a minute are told as one event."""
        if over or self.now >= self.minute + 60 * 10**6:
            if self.fired > 20:
                self.said.append((self.now, "storm", self.fired))
            self.fired = 0

    def say(self, event, k, v):
        if not k["quiet"]:
            self.said.append((self.now, event, k["key"], "%.5g" % v,
                              "%.5g" % k["peak"], self.now - k["fired"]))

    def advance(self, clock):
        if self.end is None:
            self.now = self.begin = clock
            self.end = clock - (clock + BASE) % self.slice + self.slice
            if not self.a["key"] or self.a["metric"] == "new":
                self.of("")
        for self.now in range(self.end, clock + 1, self.slice):
            for k in [*self.keys.values()][::-1]:
                self.judge(k)
            self.storm()
            self.end = self.now + self.slice
        self.now = clock

    def count(self, clock, kind, n, x):
        self.advance(clock)
        a, key = self.a, x.get(self.a["key"], None if self.a["key"] else "")
        if a["metric"] == "new" and kind in ("requests", "connections"):
            kind = "" if key in self.met | {None} else "new"
            self.met.add(key)
            key = ""
        if kind in (a["of"], a["x"], a["least"] and a["base"]) and (
                key is not None):
            k = self.of(key)
            k["got"][kind].append((clock, n))
            if (self.counts and self.up and not a["for"] and
                    k["state"] == "ok"):
                self.judge(k)


def events(log):
    have = defaultdict(list)
    for e in map(json.loads, log):
        c, s = e["alert"]["context"], e["timestamp"]
        at = calendar.timegm(time.strptime(s[:19], "%Y-%m-%dT%H:%M:%S"))
        at = at * 10**6 + int(s[20:26]) - BASE
        if c["state"] == "storm":
            have[e["alert"]["signature"]].append((at, "storm", c["value"]))
        elif c["state"] != "ended":
            have[e["alert"]["signature"]].append(
                (at, c["state"], c.get("key", ""), "%.5g" % c["value"],
                 "%.5g" % c["peak"], round(c["after_seconds"] * 10**6)))
    return have


def sums(told):
    n = Counter(kind for _, kind, _, _ in told)
    hosts = Counter((x["host"], k) for _, k, _, x in told if "host" in x)
    times = [t for _, k, t, _ in told if k == "response-time"]
    return ([n[k] for k in ("requests", "responses", "connections")],
            {h: (v, hosts[h, "responses"]) for (h, k), v in hosts.items()
             if k == "requests"},
            [round(quantile(times, q / 100) * 10**6) for q in (50, 95, 99)])


def run(netmond, tmp, seed):
    r = random.Random(seed)
    packets, told = talks(r)
    rules = [draw(r, "r%d" % i) for i in range(10)]
    write(tmp + "/pcap", packets)
    with open(tmp + "/conf", "w") as f:
        f.write('log events "%s/log" { types { alert } }\n' % tmp)
        f.writelines(a["line"] for a in rules)
    d = json.loads(subprocess.run(
        [netmond, "-f", tmp + "/conf", "-r", tmp + "/pcap", "-o", "json"],
        stdout=subprocess.PIPE, check=True).stdout)
    with open(tmp + "/log") as log:
        have = events(log)
    n = bad = 0
    for a in rules:
        rule = Rule(a)
        for t in told:
            rule.count(*t)
        rule.storm(True)
        n += len(rule.said)
        for x, y in zip(sorted(rule.said) + [None],
                        sorted(have[a["name"]]) + [None]):
            if x != y:
                print("seed", seed, a["line"], "want", x, "have", y)
                bad += 1
                break
    s = d["summary"]
    got = ([s[k] for k in ("requests", "responses", "connections")],
           {h["host"]: (h["requests"], h["responses"]) for h in d["hosts"]},
           [round(s["response_p%d_seconds" % q] * 10**6) for q in (50, 95, 99)])
    if got != sums(told):
        print("seed", seed, "report: want", sums(told), "have", got)
        bad += 1
    return n, bad


total = [0, 0]
for seed in map(int, sys.argv[2:]):
    with tempfile.TemporaryDirectory() as tmp:
        total = [x + y for x, y in zip(total, run(sys.argv[1], tmp, seed))]
print(*total)
