#!/usr/bin/env python3
"""Asks again and again, each time over a new connection, until a file appears; fails when once there was no answer.

    callers.py CERTIFICATE FILE
"""

import os
import http.client
import ssl
import sys
import threading


def main():
    certificate, until = sys.argv[1:]
    context = ssl.create_default_context(cafile=certificate)
    answered, failures = [0], []

    def call():
        while not os.path.exists(until):
            try:
                connection = http.client.HTTPSConnection("localhost", context=context, timeout=30)
                connection.request("GET", "/livez")
                status = connection.getresponse().status
                connection.close()
                assert status == 200, status
                answered[0] += 1
            except Exception as error:
                failures.append(repr(error))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    print(f"{answered[0]} answered, {len(failures)} not {failures[:3] or ''}".rstrip())
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
