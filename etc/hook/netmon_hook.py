# Copyright (c) 2026 the netmon authors
#
# Permission to use, copy, modify, and/or distribute this software for any
# purpose with or without fee is hereby granted, provided that the above
# copyright notice and this permission notice appear in all copies.
#
# THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
# WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
# MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
# ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
# WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
# ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
# OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""A program for netmonctl hook, version 1 of the protocol of netmon-hook(7):

    from netmon_hook import DROP, KEEP, run

    def judge(chunk):
        return DROP if chunk.data.startswith(b'PUT ') else KEEP

    run(judge)

Standard input and output are the mirror's: what the program prints goes to
standard error instead. netmon_hook.h is the same for C.
"""
import json
import os
import struct
import sys
from collections import namedtuple

VERSION = 1
DATA_MAX = 65536        # of a chunk
ANSWER_MAX = 98304      # of what it is changed into

# What judge returns; or bytes, to change the chunk: none are a drop.
KEEP = 0                # as it is
DROP = 2                # with a head the rest of its message
ERROR = 3               # the mirror's error policy
_CHANGE = 1

# Directions
TO = 1                  # to the observed port
FROM = 2
UNKNOWN = 3

# sender, receiver: address:port. side: 'forward' or 'record'. seen_ns: since
# 1970. seq: 0 where a connection ends. gap: bytes are missing before it.
# truncated: of a packet that was captured cut.
Chunk = namedtuple('Chunk', 'data sender receiver side seen_ns seq direction '
                   'gap truncated last')

_PROTOCOL = 76
_ROOM = 256 + ANSWER_MAX


def _say(what, n):
    sys.stderr.write('netmon_hook: %s (%d)\n' % (what, n))
    sys.stderr.flush()


def _fail(what, n):
    _say(what, n)
    sys.exit(_PROTOCOL)


def _read(n):
    """n bytes; fewer at the end of the input."""
    return sys.stdin.buffer.read(n)


def _write(fd, raw):
    left = memoryview(raw)
    while left:
        left = left[os.write(fd, left):]


def _side(raw):
    """The side that a hello names."""
    try:
        hello = json.loads(raw)
    except ValueError:
        hello = {}
    version = hello.get('version') if isinstance(hello, dict) else None
    if version != VERSION:
        _fail('another version of the protocol is spoken',
              version if isinstance(version, int) else 0)
    return str(hello.get('side', ''))


def _text(body, at):
    """A text behind its length of two bytes, and where it ends."""
    n, = struct.unpack_from('>H', body, at)
    at += 2 + n
    if at > len(body) or n >= 64:
        raise ValueError
    return body[at - n:at].decode('ascii', 'replace'), at


def _chunk(body, side):
    try:
        seq, ns, direction, flags = struct.unpack_from('>QQBB', body, 1)
        sender, at = _text(body, 19)
        receiver, at = _text(body, at)
        if len(body) - at > DATA_MAX:
            raise ValueError
    except (struct.error, ValueError):
        _fail('a chunk is none', len(body))
    return Chunk(body[at:], sender, receiver, side, ns, seq, direction,
                 bool(flags & 1), bool(flags & 2), bool(flags & 4))


def _answer(seq, said):
    data = b''
    if isinstance(said, (bytes, bytearray, memoryview)):
        data, said = bytes(said), _CHANGE
    elif type(said) is not int or said not in (KEEP, DROP, ERROR):
        raise TypeError('judge returns KEEP, DROP, ERROR or bytes, not %r' %
                        (said,))
    if len(data) > ANSWER_MAX:
        _say('no such verdict, or too much data', len(data))
        data, said = b'', ERROR
    return struct.pack('>IQB', 9 + len(data), seq, said) + data


def _messages():
    """The bodies of all messages, up to the end of the input."""
    while True:
        head = _read(4)
        if not head:
            return
        n = struct.unpack('>I', head)[0] if len(head) == 4 else 0
        if len(head) == 4 and not 0 < n <= _ROOM:
            _fail('a message has a wrong length', n)
        body = _read(n)
        if len(head) < 4 or len(body) < n:
            _fail('the input ends within a message',
                  len(body) if len(head) == 4 else len(head))
        yield body


def run(judge, ended=None):
    """Asks judge about each chunk and tells ended, when there is one, of each
    connection that is over. Returns when the mirror is done; ends the program
    with status 76 when the mirror speaks another version or what is no
    message."""
    sys.stdout.flush()
    out = os.dup(1)
    os.dup2(2, 1)
    side = None
    for body in _messages():
        kind = body[0]
        if kind == 1:
            side = _side(body[1:])
        elif side is None:
            _fail('the first message is no hello', kind)
        elif kind == 2:
            chunk = _chunk(body, side)
            try:
                _write(out, _answer(chunk.seq, judge(chunk)))
            except BrokenPipeError:     # nobody waits for it any more
                break
        elif kind == 3:
            chunk = _chunk(body, side)
            if ended is not None:
                ended(chunk)
    os.close(out)
