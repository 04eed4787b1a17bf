"""What the one client of `insiders.py` does who does not behave, as fast as its own connections allow.

Each attack is a list of workers, which go on until the trial ends. They note what they were answered. They
ask less often than a program in C could, since server and attack share the processors, and a refusal makes
them pause for a moment that is much shorter than Retry-After. None sends anything but to loopback.
"""

import asyncio
import random
import time

from insiders_client import BROKEN, Answer, Connection
from target import NAME

ADDRESS = "127.0.0.2"
NETWORKS = [f"127.0.0.{number}" for number in range(2, 10)]
CONNECTIONS, IDLE = 200, 512
AFTER_REFUSAL = 0.1
# How long the end of a body is withheld, in seconds: until shortly before the server gives it up
# (limits.body_seconds).
WITHHELD = (7.0, 9.5)
# More posts than these are no use: a person who was let hand in so many is a finding of its own.
MOST_POSTS_MIB = 2048
# What one of eight exports is read at: 32 MiB/s in all is as much as a good line carries.
READS_PER_SECOND = 4 * 1024 * 1024
GIVEN_UP = Answer(0, [], b'{"code": "given up"}')
WORDS = ["".join(random.Random(number).choices("abcdefghilmnopqrstuvz", k=7)) for number in range(20_000)]


async def again_and_again(trial, once, refused=AFTER_REFUSAL, pause=0.0, patience=60):
    """Does something for ever, and notes what came of it. A worker begins within a second of the others."""
    await asyncio.sleep(random.random())
    while True:
        try:
            trial.asked += 1
            answer = await asyncio.wait_for(once(), patience)
            said, is_refused = answer.said(), answer.status in (413, 429, 503, 507)
        except BROKEN as error:
            said, is_refused = type(error).__name__, True
        trial.answers[said] += 1
        await asyncio.sleep(refused if is_refused else pause)


def unknown_paths(trial):
    """Forty requests a second, half of them with the token of a session that has ended."""

    def worker(token):
        connection = Connection(trial.door, ADDRESS)
        ask = lambda: connection.ask("GET", f"/api/v1/nothing-here/{random.randrange(10**6)}", token=token)
        return again_and_again(trial, ask, 0.1, 0.1)
    return [worker(token) for token in (None, trial.given["ended"]) for _ in range(2)]


def login(trial, connection, identifier):
    credentials = f'{{"identifier": "{identifier}", "password": "parola {random.randrange(10**9)}"}}'
    return connection.ask("POST", "/api/v1/auth/login", credentials.encode())


def nobody():
    return f"nessuno-{random.randrange(10**9)}@{NAME}"


def few_wrong_passwords(trial):
    """One a second, then five, then twenty, at names that nobody has, however long their answers take."""
    began, free, asking = time.monotonic(), [], set()

    async def ask():
        connection = free.pop() if free else Connection(trial.door, ADDRESS)
        try:
            said = (await asyncio.wait_for(login(trial, connection, nobody()), 30)).said()
            free.append(connection)
        except BROKEN as error:
            said = type(error).__name__
        trial.answers[said] += 1

    async def pace():
        while True:
            part = min(2, int(3 * (time.monotonic() - began) / trial.seconds))
            await asyncio.sleep(1 / (1, 5, 20)[part])
            if len(asking) < CONNECTIONS:
                trial.asked += 1
                asking.add(task := asyncio.create_task(ask()))
                task.add_done_callback(asking.discard)
    return [pace()]


def many_wrong_passwords(trial):
    """At once at accounts of others, whose owners are signed in, and at names that nobody has."""

    def worker(number):
        connection, victims = Connection(trial.door, ADDRESS), trial.given["residents"]
        pick = (lambda: random.choice(victims)) if number % 2 else nobody
        return again_and_again(trial, lambda: login(trial, connection, pick()))
    return [worker(number) for number in range(CONNECTIONS)]


def taken_registrations(trial):
    def worker():
        connection = Connection(trial.door, ADDRESS)
        person = (f'{{"email": "{trial.given["taken"]}", "password": "{random.getrandbits(64):016x}", '
                  '"name": "Ancora", "surname": "Io"}').encode()
        return again_and_again(trial, lambda: connection.ask("POST", "/api/v1/auth/register", person))
    return [worker() for _ in range(CONNECTIONS)]


def held_bodies(trial):
    """Bodies without their last byte, which comes shortly before the deadline or never: a little more in all than
    `limits.bodies_in_flight_mib`. What is finished is a genuine request, and what is given up is somebody's who
    is signed in, so that nothing of it counts as a guess."""

    def worker(path, length, code, token, pause=AFTER_REFUSAL):
        begun = f'{{"code": "{code}"'.encode()
        begun, rest = begun + b" " * (length - 1 - len(begun)), b"" if token else b"}"
        connection = Connection(trial.door, ADDRESS)

        async def once():
            return await connection.withhold(path, begun, rest, random.uniform(*WITHHELD), token) or GIVEN_UP
        return again_and_again(trial, once, pause)
    code, account = trial.given["code"], trial.given["account"]
    held = [worker("/api/v1/scans/holds", 2 ** 20, code, None) for _ in range(54)]
    held += [worker("/api/v1/scans/holds", 16_000, code, None, 0.03) for _ in range(260)]
    held += [worker("/api/v1/auth/login", 16_000, "", account) for _ in range(66)]
    held += [worker("/api/v1/social/logs", 2 ** 20, "", account) for _ in range(6)]
    return held + [worker("/api/v1/social/logs", 2 ** 23, "", account, 5.0)]


def idle_connections(trial):
    """As many as an address may have, of eight addresses; each asks something every half a minute, and comes
    back when it is closed."""

    async def worker(address):
        await asyncio.sleep(8 * random.random())
        connection = Connection(trial.door, address)
        while True:
            try:
                trial.asked += 1
                answer = await asyncio.wait_for(connection.ask("GET", "/livez"), 30)
                trial.answers[answer.said()] += 1
                await asyncio.wait_for(connection.reader.read(1), random.uniform(25, 40))
                raise ConnectionError
            except asyncio.TimeoutError:
                continue
            except BROKEN as error:
                trial.answers[type(error).__name__] += 1
                connection.close()
                await asyncio.sleep(1 + random.random())
    return [worker(address) for address in NETWORKS for _ in range(IDLE)]


def batch(text_of, length):
    """A thousand posts of one length."""
    line = '{{"social": "prova", "timestamp": "2026-01-01T00:00:00Z", "status": "published", "content": "{}"}}\n'
    return "".join(line.format(text_of(number)[:length]) for number in range(1000)).encode()


def repeated(_):
    return "La stessa frase, ancora una volta. " * 300


def words(_):
    return " ".join(random.choices(WORDS, k=1000))


def big_posts(trial):
    """Batches of just under 8 MiB, of one text that is repeated and of random words."""

    def worker(text_of):
        connection, bodies = Connection(trial.door, ADDRESS), [batch(text_of, 8000) for _ in range(2)]

        async def once():
            while trial.taken >= MOST_POSTS_MIB:
                await asyncio.sleep(1)
            body = random.choice(bodies)
            answer = await connection.ask("POST", "/api/v1/social/logs", body, trial.given["account"],
                                          kind="application/x-ndjson")
            trial.taken += len(body) / 2 ** 20 if answer.status == 201 else 0
            return answer
        return again_and_again(trial, once)
    return [worker(repeated), worker(words)]


def exports(trial):
    """Eight at once of an account with many large posts, each read whole."""

    def worker():
        connection = Connection(trial.door, ADDRESS)

        async def once():
            answer, length = await connection.drain("/api/v1/me/export", trial.given["account"], READS_PER_SECOND)
            trial.taken += length / 2 ** 20
            return answer
        return again_and_again(trial, once, patience=600)
    return [worker() for _ in range(8)]
