#!/usr/bin/env python3
"""numbered_load.py SECONDS HOST PORT OUT [REQUESTS [BODY]]: four clients, each
request with a path of its own and BODY bytes (0), connections of REQUESTS
(200); OUT gets [path, port, time]."""
import json
import socket
import sys
import threading
import time

stop = time.time() + float(sys.argv[1])
host, port = sys.argv[2], int(sys.argv[3])
requests, size = [int(a) for a in sys.argv[5:]] + [200, 0][len(sys.argv) - 5:]
rest = "Content-Length: %d\r\n\r\n%s" % (size, "x" * size) if size else "\r\n"
sent = []
lock = threading.Lock()


def client(k):
    c = 0
    while time.time() < stop:
        s = socket.create_connection((host, port))
        local = s.getsockname()[1]
        c += 1
        for n in range(requests):
            if time.time() > stop:
                break
            path = "/w%d/c%d/r%d" % (k, c, n)
            now = time.time()
            s.sendall(("GET %s HTTP/1.1\r\nHost: h\r\n%s" % (path, rest)).encode())
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
