#!/usr/bin/env python3
# A hook for netmonctl hook: runs of 13 to 19 digits become asterisks.
# A chunk is judged on its own, so what looks like the start or the end of a
# longer run is masked too: a number may be cut between two chunks.
import re
import struct
import sys

DIGITS = re.compile(rb'(?:\d[ -]?){12,18}\d|\A[\d -]*\d|\d[\d -]*\Z')


def mask(match):
    return re.sub(rb'\d', b'*', match.group())


def read(n):
    data = sys.stdin.buffer.read(n)
    if len(data) < n:
        sys.exit(0)
    return data


while True:
    body = read(struct.unpack('>I', read(4))[0])
    if body[0] != 2:                    # hello, end, flush: no answer
        continue
    seq = body[1:9]
    at = 19
    for _ in ('from', 'to'):
        at += 2 + struct.unpack('>H', body[at:at + 2])[0]
    data = body[at:]
    new = DIGITS.sub(mask, data)
    answer = seq + (b'\0' if new == data else b'\1' + new)
    sys.stdout.buffer.write(struct.pack('>I', len(answer)) + answer)
    sys.stdout.buffer.flush()
