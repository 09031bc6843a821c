"""A slow link within one network namespace: reflects what is sent to the far addresses after a delay, with source and
destination exchanged, so that a server of this namespace answers there. Whatever else goes to it is lost."""
import fcntl
import heapq
import os
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
FAR = {bytes([10, 9, 0, 2]), bytes.fromhex("fd09" + "00" * 13 + "02"), bytes([10, 9, 0, 1]), bytes.fromhex("fd09" + "00" * 13 + "01")}

delay = float(sys.argv[1])
tun = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN | IFF_NO_PI))
print("up", flush=True)

waiting, count = [], 0
while True:
    patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
    if select.select([tun], [], [], patience)[0]:
        packet = os.read(tun, 65536)
        first, size = (12, 4) if packet[0] >> 4 == 4 else (8, 16)
        source, target = packet[first : first + size], packet[first + size : first + 2 * size]
        if target in FAR:
            count += 1
            exchanged = packet[:first] + target + source + packet[first + 2 * size :]
            heapq.heappush(waiting, (time.monotonic() + delay, count, exchanged))
    while waiting and waiting[0][0] <= time.monotonic():
        os.write(tun, heapq.heappop(waiting)[2])
