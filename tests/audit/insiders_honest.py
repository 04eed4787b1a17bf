"""The honest people of `insiders.py`, and a watch that asks whether the appliance lives.

People come every few hundred milliseconds, from the address of whoever misbehaves and from others:
newcomers who register, log in, scan, refresh their session and scan again; people with an account who do
the same without registering; and some who are signed in already and go on. They behave well: when they
are told to wait (429, 503) they do, at most LONGEST_WAIT seconds, and when a connection fails they open
another. Each thing that one of them does has gone well when it succeeded within PATIENCE seconds of its
first try.
"""

import asyncio
import gc
import itertools
import json
import random
import time
from collections import Counter, defaultdict

from insiders_client import BROKEN, Connection
from target import NAME, PASSWORD

KINDS = ("login", "refresh", "scan", "register")
SAME, OTHER = "same", "other"
# Whoever misbehaves has the first of "same"; nobody else has those of "other".
ADDRESSES = {SAME: ["127.0.0.2"], OTHER: ["127.0.0.20", "127.0.0.21", "127.0.0.22", "127.0.0.23"]}
WATCH = "127.0.0.1"
PATIENCE, LONGEST_WAIT, PAUSE = 10.0, 4.0, 0.5
# How many come in a minute, well below what one network may register in an hour.
NEWCOMERS, RETURNING = {SAME: 40, OTHER: 80}, {SAME: 20, OTHER: 20}
WATCH_EVERY, OPEN_EVERY = 0.1, 1.0


class Person:
    """A browser or an app of somebody, with one connection. Every other one keeps the refresh token in a
    cookie, as the web app does, the rest in their own hands."""

    numbers = itertools.count()

    def __init__(self, trial, where, email):
        self.trial, self.where, self.email, self.number = trial, where, email, next(self.numbers)
        addresses = ADDRESSES[where]
        self.connection = Connection(trial.door, addresses[self.number // 2 % len(addresses)])
        self.by_cookie, self.cookies = self.number % 2 == 0, {}
        self.access = self.refresh = None

    async def newcomer(self):
        person = {"email": self.email, "password": PASSWORD, "name": "Onesta", "surname": "Persona"}
        if await self.step("register", "/api/v1/auth/register", person, (201,)):
            await self.think()
            await self.returning()
        self.connection.close()

    async def returning(self):
        credentials = {"identifier": self.email, "password": PASSWORD, "use_cookie": self.by_cookie}
        if await self.step("login", "/api/v1/auth/login", credentials, (200,)):
            for act in (self.scan, self.go_on, self.scan):
                await self.think()
                if not await act():
                    break
        self.connection.close()

    async def resident(self, session):
        self.by_cookie, self.access, self.refresh = False, session["access_token"], session["refresh_token"]
        while not self.trial.is_over():
            await asyncio.sleep(random.uniform(2, 6))
            await self.go_on()
            await self.scan()
        self.connection.close()

    async def go_on(self):
        body = {} if self.by_cookie else {"refresh_token": self.refresh}
        return await self.step("refresh", "/api/v1/auth/refresh", body, (200,))

    async def scan(self):
        nonce = f"{random.getrandbits(64):016x}"
        body = {"typed_code": self.trial.typed_code, "nonce": nonce}
        return await self.step("scan", "/api/v1/scans", body, (200, 201), self.access)

    async def think(self):
        await asyncio.sleep(random.uniform(0.5, 1.5))

    async def step(self, kind, path, body, good, token=None):
        """Whether it went well; a last one that was begun in time is brought to its end."""
        if self.trial.is_over():
            return False
        text, began, is_lost, said = json.dumps(body).encode(), time.monotonic(), False, "no answer"
        while (left := began + PATIENCE - time.monotonic()) > 0:
            wait = PAUSE
            try:
                answer = await asyncio.wait_for(
                    self.connection.ask("POST", path, text, token, self.cookies), left)
                said = answer.said()
                # Of a registration whose answer was lost, this is the answer.
                is_done = answer.status in good or (is_lost and said == "409 USER_EXISTS")
                if is_done:
                    self.keep(answer)
                    self.trial.took[kind, self.where].append(time.monotonic() - began)
                    return True
                if answer.status not in (429, 503):
                    break
                wait = min(max(float(answer.header("retry-after") or 0), PAUSE), LONGEST_WAIT)
            except BROKEN as error:
                is_lost, said = True, f"{said}, {type(error).__name__}"[-60:]
            await asyncio.sleep(max(0, min(wait, began + PATIENCE - time.monotonic())))
        self.trial.took[kind, self.where].append(None)
        self.trial.refused[f"{kind} {self.where}: {said}"] += 1
        return False

    def keep(self, answer):
        self.cookies |= answer.cookies()
        session = answer.json()
        self.access = session.get("access_token") or self.access
        self.refresh = session.get("refresh_token") or self.refresh


class Honest:
    """All of them, for so many seconds."""

    def __init__(self, door, seconds, typed_code, accounts, sessions):
        self.door, self.typed_code, self.accounts, self.sessions = door, typed_code, accounts, sessions
        self.took, self.refused = defaultdict(list), Counter()
        self.seconds, self.people = seconds, []

    def is_over(self):
        return time.monotonic() >= self.end

    async def run(self):
        self.end = time.monotonic() + self.seconds
        for number, session in enumerate(self.sessions):
            person = Person(self, (SAME, OTHER)[number % 2], None)
            self.people.append(asyncio.create_task(person.resident(session)))
        await asyncio.gather(*(self.come(where, rate[where], is_new)
                               for is_new, rate in ((True, NEWCOMERS), (False, RETURNING))
                               for where in (SAME, OTHER)))
        await asyncio.gather(*self.people)
        return {"took": dict(self.took), "refused": self.refused}

    async def come(self, where, per_minute, is_new):
        emails = itertools.cycle(self.accounts[where])
        while not self.is_over():
            await asyncio.sleep(60 / per_minute * random.uniform(0.5, 1.5))
            email = f"onesta-{random.getrandbits(48):012x}@{NAME}" if is_new else next(emails)
            person = Person(self, where, email)
            act = person.newcomer() if is_new else person.returning()
            self.people.append(asyncio.create_task(act))


class Watch:
    """Asks /livez every tenth of a second over a connection that it keeps, and every second over a new one.
    What is late is measured from when it was due, and what does not come counts as PATIENCE."""

    def __init__(self, door, seconds):
        self.door, self.seconds, self.took = door, seconds, []

    async def run(self):
        gc.disable()
        self.end = time.monotonic() + self.seconds
        await asyncio.gather(self.keep_asking(), self.keep_opening())
        return self.took

    async def keep_asking(self):
        connection, due = Connection(self.door, WATCH), time.monotonic()
        while due < self.end:
            await asyncio.sleep(max(0, due - time.monotonic()))
            came, due = await self.ask(connection, due), due + WATCH_EVERY
            while not came and due < min(time.monotonic(), self.end):
                self.took.append(PATIENCE)
                due += WATCH_EVERY
        connection.close()

    async def keep_opening(self):
        opened = []
        while time.monotonic() < self.end:
            opened.append(asyncio.create_task(self.ask_anew()))
            await asyncio.sleep(OPEN_EVERY)
        await asyncio.gather(*opened)

    async def ask_anew(self):
        connection = Connection(self.door, WATCH)
        await self.ask(connection, time.monotonic())
        connection.close()

    async def ask(self, connection, due):
        try:
            answer = await asyncio.wait_for(connection.ask("GET", "/livez"), PATIENCE)
            came = answer.status == 200
        except BROKEN:
            came = False
        self.took.append(min(time.monotonic() - due, PATIENCE) if came else PATIENCE)
        return came
