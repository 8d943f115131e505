#!/usr/bin/env python3
"""bad_link.py IF1 IF2 SEED LOSS DOUBLE MIX DELAY: a bad link between two ends.

Carries Ethernet frames from each interface to the other, DELAY milliseconds
later. LOSS per cent of them are left out, DOUBLE per cent come twice, MIX per
cent up to 4 ms later still. Prints "up" when it is ready and, when it is
terminated, how many frames came and how many were lost, doubled and mixed.
"""
import heapq
import random
import select
import signal
import socket
import sys
import time

SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ETH_P_ALL = 3


def end(name):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                      socket.htons(ETH_P_ALL))
    s.bind((name, ETH_P_ALL))
    s.setblocking(False)
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    try:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    except PermissionError:
        pass
    return s


def stop(*_):
    raise SystemExit


def main():
    ends = end(sys.argv[1]), end(sys.argv[2])
    dice = random.Random(int(sys.argv[3]))
    loss, double, mix, delay = (float(x) for x in sys.argv[4:8])
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting, came, lost, doubled, mixed = [], 0, 0, 0, 0

    def chance(percent):
        return dice.random() * 100 < percent

    signal.signal(signal.SIGTERM, stop)
    print("up", flush=True)
    try:
        while True:
            now = time.monotonic()
            while waiting and waiting[0][0] <= now:
                _, _, to, frame = heapq.heappop(waiting)
                try:
                    to.send(frame)
                except OSError:
                    pass
            wait = max(0, waiting[0][0] - now) if waiting else None
            ready, _, _ = select.select(ends, [], [], wait)
            now = time.monotonic()
            for e in ready:
                try:
                    frame = e.recv(65536)
                except BlockingIOError:
                    continue
                came += 1
                if chance(loss):
                    lost += 1
                    continue
                twice = chance(double)
                doubled += twice
                for i in range(1 + twice):
                    late = chance(mix)
                    mixed += late
                    at = now + (delay + late * 4 * dice.random()) / 1000
                    # the index keeps the order of equal times
                    heapq.heappush(waiting, (at, came * 2 + i, other[e], frame))
    finally:
        print(came, lost, doubled, mixed, flush=True)


main()
