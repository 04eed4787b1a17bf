"""Login timing: whether the time of a refused login tells that an account exists.

Logins with a wrong password, in rounds: one into an account that exists, one into an account that has no
password yet, one into no account at all, in an order that is drawn anew for each round, over one
connection, with the default cost of a hash and without rate limits. All three must be refused in the same
words and, as far as can be measured, in the same time.

How it decides: were the times the same, it would not matter which of a round is called which. So for each of
the first two kinds its times and those of the third are swapped within rounds at random, a few thousand
times, which keeps all noise of the machine and its drift, and takes away only what comes of the account. A
difference (of the medians, by the Mann-Whitney statistic, by the Kolmogorov-Smirnov distance) is a finding
when fewer than one in a thousand of these swaps shows one as large.
"""

import gc
import http.client
import json
import platform
import random
import time
from itertools import accumulate

from report import Row
from target import NAME, Appliance

ROUNDS, ACCOUNTS = 2000, 20
SWAPS, MOST_LIKELY = 3000, 0.001
SETTINGS = ["rate_limit.enabled=false"]
UNKNOWN = "nobody"
KINDS = {"active": "accounts that exist", "silent": "accounts without a password", UNKNOWN: "no account"}


def version():
    return platform.python_version()


def audit(context):
    with Appliance(context, "login_timing", SETTINGS) as appliance:
        prepare(appliance)
        times, answers = measure(appliance)
        faults = appliance.faults()
    rows = []
    for kind, what in KINDS.items():
        if kind == UNKNOWN:
            continue
        medians, likelihoods = compare(times[kind], times[UNKNOWN])
        findings = [f"logins into {what} and into none differ: {name} {value:.4f} by chance"
                    for name, value in likelihoods.items() if value < MOST_LIKELY]
        if answers[kind] != answers[UNKNOWN]:
            findings.append(f"logins into {what} are answered {answers[kind]}, into none {answers[UNKNOWN]}")
        if any(status != 401 or code != "INVALID_CREDENTIALS" for status, code, *_ in answers[kind]):
            findings.append(f"logins into {what} were answered {answers[kind]}")
        done = (f"{ROUNDS} each; medians {medians[0]:.2f} and {medians[1]:.2f} ms; by chance "
                + ", ".join(f"{name} {value:.3f}" for name, value in likelihoods.items()))
        rows.append(Row("login_timing", version(), f"{what} against none", done, findings + faults))
        faults = []
    return rows


def address(kind, number):
    """Of the same length for every kind."""
    return f"{kind}{number:02}@{NAME}"


def prepare(appliance):
    admin = appliance.token("admin")
    for number in range(ACCOUNTS):
        for kind in KINDS:
            person = {"email": address(kind, number), "name": "Audit", "surname": "Timing"}
            if kind == "active":
                person["password"] = "tavolino ginestra candela remota"
            if kind != UNKNOWN:
                appliance.ask("/api/v1/users", person, admin)


def measure(appliance):
    """Milliseconds of each kind by round, and the different answers that each kind got."""
    connection = http.client.HTTPSConnection("127.0.0.1", appliance.port, context=appliance.trust, timeout=30)
    times, answers = {kind: [] for kind in KINDS}, {kind: set() for kind in KINDS}
    for number in range(10):
        login(connection, address(UNKNOWN, number))
    gc.disable()
    try:
        for number in range(ROUNDS):
            for kind in random.sample(list(KINDS), len(KINDS)):
                took, answer = login(connection, address(kind, number % ACCOUNTS))
                times[kind].append(took)
                answers[kind].add(answer)
    finally:
        gc.enable()
        connection.close()
    return times, answers


def login(connection, identifier):
    """How long it took, and what can be seen of the answer besides."""
    body = json.dumps({"identifier": identifier, "password": "un'altra parola segreta"})
    started = time.perf_counter_ns()
    connection.request("POST", "/api/v1/auth/login", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    took = (time.perf_counter_ns() - started) / 1e6
    names = tuple(name.lower() for name, _ in answer.getheaders())
    return took, (answer.status, json.loads(text).get("code"), len(text), names)


def compare(these, those):
    """The medians of two kinds, and how likely each difference is when the kinds are one."""
    count = len(these)
    pooled = sorted((value, number, side) for side, values in enumerate((these, those))
                    for number, value in enumerate(values))
    values = [value for value, _, _ in pooled]
    rounds = [number for _, number, _ in pooled]
    sides = [side for _, _, side in pooled]

    def differences(sides):
        ranks = sum(rank for rank, side in enumerate(sides) if side == 0)
        fair = count * (2 * count - 1) / 2
        ahead = list(accumulate(1 - 2 * side for side in sides))
        first, second = (median(values, sides, side, count) for side in (0, 1))
        return abs(first - second), abs(ranks - fair), max(map(abs, ahead))

    seen = differences(sides)
    as_large = [1, 1, 1]
    for _ in range(SWAPS):
        swapped = [random.getrandbits(1) for _ in range(count)]
        drawn = differences([side ^ swapped[number] for side, number in zip(sides, rounds)])
        for at, (one, other) in enumerate(zip(drawn, seen)):
            as_large[at] += one >= other
    likelihoods = dict(zip(("medians", "Mann-Whitney", "Kolmogorov-Smirnov"),
                           (number / (SWAPS + 1) for number in as_large)))
    return tuple(median(values, sides, side, count) for side in (0, 1)), likelihoods


def median(values, sides, wanted, count):
    """Of one side of the sorted values."""
    own = [value for value, side in zip(values, sides) if side == wanted]
    return (own[(count - 1) // 2] + own[count // 2]) / 2
