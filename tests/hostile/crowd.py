#!/usr/bin/python3
"""crowd.py hold COUNT PORT USER KEY
crowd.py guess COUNT EACH CODES PORT USER KEY

COUNT clients of client.py at the prompt of one sshd, who print "held COUNT"
once they are there.

hold: waits to be killed.

guess: waits for SIGUSR1. Then each gives a code, EACH times, all at once: the
first client the first of CODES, A,B,C, and so on, and from the start again.
Prints what the server said, and how often:

  20 x info Wrong code.
"""
import collections
import concurrent.futures
import signal
import sys

from client import Client


def at_prompt(port, user, key):
    """A client at the prompt, or None if it was not asked."""
    client = Client(port, user, key)
    client.step("publickey", lambda said: None)
    if client.step("kbdint", lambda said: None) == "prompt":
        return client
    return None


def many(count, port, user, key):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = [pool.submit(at_prompt, int(port), user, key)
                for _ in range(int(count))]
        made = [future.result() for future in made]
    return [client for client in made if client is not None]


def hold(count, port, user, key):
    held = many(count, port, user, key)
    print("held %d" % len(held), flush=True)
    signal.pause()


def give(client, code, each):
    """What the server said, up to the end or to the end of the tries."""
    said = []
    for left in reversed(range(each)):
        client.answers(code)
        after = client.hear(said.append)
        if after == "failure" and left > 0:
            after = client.step("kbdint", said.append)
        if after != "prompt":
            break
    return said


def guess(count, each, codes, port, user, key):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    clients = many(count, port, user, key)
    print("held %d" % len(clients), flush=True)
    signal.sigwait([signal.SIGUSR1])
    codes = codes.split(",")
    with concurrent.futures.ThreadPoolExecutor(int(count)) as pool:
        said = [pool.submit(give, client, codes[i % len(codes)], int(each))
                for i, client in enumerate(clients)]
        sums = collections.Counter(
            words for future in said for words in future.result())
    for words, times in sums.items():
        print("%d x %s" % (times, words))


if __name__ == "__main__":
    {"hold": hold, "guess": guess}[sys.argv[1]](*sys.argv[2:])
