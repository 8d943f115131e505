#!/usr/bin/env python3
"""hook_twin: hook_twin.c once more, with netmon_hook.py."""
from netmon_hook import ANSWER_MAX, DROP, ERROR, KEEP, run

n = 0


def say(c, what):
    print("%s %s %s %s %d %d %d %d%d%d %d" % (
        what, c.side, c.sender, c.receiver, c.seen_ns, c.seq, c.direction,
        c.gap, c.truncated, c.last, len(c.data)), flush=True)


def ended(c):
    global n
    n += 1
    say(c, "ended")


def judge(c):
    say(c, "chunk")
    if b"DROP" in c.data:
        return DROP
    if b"FAIL" in c.data:
        return ERROR
    if b"EMPTY" in c.data:
        return b""
    if b"LONGER" in c.data:
        return c.data.ljust(ANSWER_MAX + 1, b"x")
    if b"LONG" in c.data:
        return c.data.ljust(ANSWER_MAX, b"x")
    if b"PLACE" in c.data:
        return c.data.ljust(ANSWER_MAX, b"y")
    if b"SKIP" in c.data:
        return c.data[1:]
    if b"plain" in c.data:
        return c.data.replace(b"plain", b"TWINS")
    return KEEP


status = 0
try:
    run(judge, ended)
except SystemExit as e:
    status = e.code
print("%d ended, status %d" % (n, status), flush=True)
raise SystemExit(status)
