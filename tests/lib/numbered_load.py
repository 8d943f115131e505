#!/usr/bin/env python3
"""numbered_load.py SECONDS HOST PORT OUT: four clients, each request with a
path of its own, connections of 200 requests; OUT gets [path, port, time]."""
import json
import socket
import sys
import threading
import time

stop = time.time() + float(sys.argv[1])
host, port = sys.argv[2], int(sys.argv[3])
sent = []
lock = threading.Lock()


def client(k):
    c = 0
    while time.time() < stop:
        s = socket.create_connection((host, port))
        local = s.getsockname()[1]
        c += 1
        for n in range(200):
            if time.time() > stop:
                break
            path = "/w%d/c%d/r%d" % (k, c, n)
            now = time.time()
            s.sendall(("GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path).encode())
            answer = b""
            while b"</html>" not in answer:
                answer += s.recv(4096)
            with lock:
                sent.append((path, local, now))
            time.sleep(0.005)
        s.close()


clients = [threading.Thread(target=client, args=(k,)) for k in range(4)]
for t in clients:
    t.start()
for t in clients:
    t.join()
json.dump(sent, open(sys.argv[4], "w"))
