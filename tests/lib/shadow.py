#!/usr/bin/env python3
"""shadow.py MODE HOST:PORT LOG: a target of a mirror that is not as one wishes.

never   accepts and never reads        slow    reads one byte a second
reset   resets after 40 bytes          close   answers, Connection: close
old     HTTP/1.0 without a length      good    answers, keeps alive

LOG gets a line "TIME PATH" for each request of the last three, and the
first line "TIME listening"."""
import selectors
import socket
import struct
import sys
import time

mode, where, log = sys.argv[1], sys.argv[2], open(sys.argv[3], "a", buffering=1)
host, port = where.rsplit(":", 1)
ANSWERS = {
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "old": b"HTTP/1.0 200 OK\r\n\r\nok",
    "good": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
}
sel = selectors.DefaultSelector()
held = []


def gone(s):
    sel.unregister(s)
    s.close()


def answer(s, had):
    """Requests without bodies; those behind a last answer are not read."""
    try:
        piece = s.recv(65536)
    except ConnectionError:
        piece = b""
    if not piece:
        return gone(s)
    had += piece
    while b"\r\n\r\n" in had:
        head, _, rest = bytes(had).partition(b"\r\n\r\n")
        had[:] = rest
        log.write("%.6f %s\n" % (time.time(), head.split(b" ")[1].decode()))
        try:
            s.sendall(ANSWERS[mode])
        except ConnectionError:
            return gone(s)
        if mode != "good":
            time.sleep(0.002)       # so that requests gather behind it
            return gone(s)


def reset(s, had):
    try:
        had += s.recv(40 - len(had))
    except ConnectionError:
        return gone(s)
    if len(had) >= 40:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone(s)


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if mode in ("never", "slow"):
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
listener.bind((host, int(port)))
listener.listen(4096)
log.write("%.6f listening\n" % time.time())
sel.register(listener, selectors.EVENT_READ)
second = time.time()
while True:
    for key, _ in sel.select(0.5):
        if key.fileobj is not listener:
            key.data[0](key.fileobj, key.data[1])
            continue
        s, _ = listener.accept()
        if mode in ("never", "slow"):
            held.append(s)
        else:
            sel.register(s, selectors.EVENT_READ,
                         (reset if mode == "reset" else answer, bytearray()))
    if mode == "slow" and time.time() > second:
        second = time.time() + 1
        for s in held[:]:
            try:
                if s.recv(1, socket.MSG_DONTWAIT) == b"":
                    raise ConnectionError
            except BlockingIOError:
                pass
            except ConnectionError:
                held.remove(s)
                s.close()
