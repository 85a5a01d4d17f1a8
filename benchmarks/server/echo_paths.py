"""Asks two addresses in turn by datagrams, when they are due, and tells how long each took: `echo_paths.py NEAR FAR PORT RATE SECONDS`."""

import json
import select
import socket
import struct
import sys
import time

near, far, port, rate_per_s, for_s = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
SETTLE_S, DRAIN_S = 0.5, 1.0
sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for ip, each in zip((near, far), sockets, strict=True):
    each.connect((ip, port))
    each.setblocking(False)
for each in sockets:  # a network that was only just made takes a second until all of it carries
    for _ in range(100):
        each.send(struct.pack("I", 0))
        if select.select([each], [], [], 0.1)[0]:
            break
time.sleep(SETTLE_S)
for each in sockets:
    while select.select([each], [], [], 0)[0]:
        each.recv(16)
count = int(rate_per_s * for_s)
sent_s, took_s = [0.0] * count, [0.0] * count
due_s = [time.monotonic() + SETTLE_S + number / rate_per_s for number in range(count)]
number, end_s = 0, due_s[-1] + DRAIN_S
while (now_s := time.monotonic()) < end_s and (number < count or not all(took_s)):
    if number < count and now_s >= due_s[number]:
        sent_s[number] = time.monotonic()
        sockets[number % 2].send(struct.pack("I", number))
        number += 1
        continue
    for each in select.select(sockets, [], [], max(0.0, (due_s[number] if number < count else end_s) - now_s))[0]:
        back = struct.unpack("I", each.recv(16))[0]
        took_s[back] = time.monotonic() - sent_s[back]
print(json.dumps([took_s[0::2], took_s[1::2]]))
