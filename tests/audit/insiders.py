"""insiders: whether one client that misbehaves stops the others.

One attack at a time runs against an appliance with default settings, rate limits on, for SECONDS, and one
trial has none. Meanwhile honest people register, log in, refresh and scan, from the address that the attack
comes from and from others, and a watch asks /livez ten times a second. Each trial has a new appliance.

How it decides: a trial fails when of any of these four, from the same or from other addresses, fewer than
SHARE got through within ten seconds of their first try; when the 99th percentile of /livez is
SLOWEST_LIVEZ or more; when the process ever took MOST_MIB or more; and when there was no attack to speak of.
Attack, people and server share this machine's processors: the trial without an attack says what people
and watch cost by themselves. The attack runs at a lower priority, as one that comes over a line would
leave the server its processors.

    AUDIT_SECONDS=20 AUDIT_TRIALS=exports,big_posts tests/audit/run.py insiders    some, and shorter

`insiders_attacks.py` has the attacks, `insiders_honest.py` the people and the watch.
"""

import asyncio
import json
import math
import multiprocessing
import os
import platform
import resource
import shutil
import time
from collections import Counter
from types import SimpleNamespace

import insiders_attacks as attacks
from insiders_client import Door
from insiders_honest import KINDS, OTHER, PATIENCE, SAME, Honest, Watch
from report import Row
from target import NAME, PASSWORD, Appliance

SECONDS = float(os.environ.get("AUDIT_SECONDS", 300))
SHARE, SLOWEST_LIVEZ, MOST_MIB = 0.95, 0.25, 256
# People who have an account, and others who are signed in from the beginning.
RETURNING, RESIDENTS = 10, 10
POSTS, POSTS_SECONDS = 10_000, 90
# Of an attack, by its name: what it is, how many seconds it runs before people come, how many requests make
# it one, and answers of which one shows that it asks what it means to.
TRIALS = {
    "nobody": ("nobody misbehaves", 0, 0, ""),
    "unknown_paths": ("40 unknown paths a second, half with the token of a session that has ended",
                      2, 20 * SECONDS, "404"),
    "few_wrong_passwords": ("1, 5, then 20 wrong passwords a second at names that nobody has", 2, 4 * SECONDS, "401"),
    "many_wrong_passwords": ("wrong passwords over 200 connections", 3, 200, "401"),
    "taken_registrations": ("registrations of a taken address over 200 connections", 3, 200, "409"),
    "held_bodies": ("387 bodies at once without their last byte", 3, 387, ("201", "503")),
    "idle_connections": ("512 idle connections from each of 8 addresses", 12, 3000, "200"),
    "big_posts": ("batches of posts of 8 MiB by an ordinary account", 2, 4, ("201", "413", "429", "507")),
    "exports": ("8 exports at once of an account with many large posts", 2, 8, ("200", "429", "503")),
}
# A process that does only what its parent does needs no interpreter of its own.
FORK = multiprocessing.get_context("fork")


def version():
    return platform.python_version()


def audit(context):
    wanted = os.environ.get("AUDIT_TRIALS")
    names = wanted.split(",") if wanted else list(TRIALS)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        return [trial(context, name, *TRIALS[name]) for name in names]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def trial(context, name, what, lead, least, wanted):
    with Appliance(context, f"insiders-{name}") as appliance:
        given = prepare(appliance, name)
        seen = observe(appliance, name, given, lead)
        findings = appliance.faults()
    shutil.rmtree(appliance.data, ignore_errors=True)
    shares = {(kind, where): Share(seen.took.get((kind, where), [])) for kind in KINDS for where in (SAME, OTHER)}
    livez = percentile(seen.livez, 0.99)
    findings += [f"{kind} from {where} addresses: {share}" for (kind, where), share in shares.items()
                 if share.through < SHARE]
    if livez >= SLOWEST_LIVEZ:
        findings.append(f"/livez: p99 {livez * 1000:.0f} ms")
    if seen.mib >= MOST_MIB:
        findings.append(f"memory: {seen.mib:.0f} MiB")
    if seen.posted >= attacks.MOST_POSTS_MIB:
        findings.append(f"one account handed in {seen.posted:.0f} MiB of posts")
    if seen.asked < least or (seen.answers and not any(said.startswith(wanted) for said in seen.answers)):
        findings.append(f"was no attack: {seen.asked} requests, answered {dict(seen.answers)}")
    findings = [f"{name}: {finding}" for finding in findings]
    tell(context, name, shares, seen)
    figures = ", ".join(f"{kind} {shares[kind, SAME].percent()} / {shares[kind, OTHER].percent()}" for kind in KINDS)
    done = (f"{SECONDS:.0f} s, {seen.asked} requests; others {sum(len(share.took) for share in shares.values())}, "
            f"through in 10 s from the same address / from other ones: {figures}; "
            f"p95 {seconds(max(share.at(0.95) for share in shares.values()))}; "
            f"/livez p99 {livez * 1000:.0f} ms; {seen.mib:.0f} MiB")
    return Row("insiders", version(), what, done, findings)


class Share:
    """Of one kind from one class of addresses: how long each took, None where it did not get through."""

    def __init__(self, took):
        self.took = sorted(math.inf if one is None else one for one in took)
        through = sum(one < math.inf for one in self.took)
        self.through = through / len(self.took) if self.took else 0.0

    def at(self, part):
        return percentile(self.took, part)

    def percent(self):
        """Rounded down, so that 95 % are at least 95 %."""
        return f"{math.floor(1000 * self.through) / 10:g} %"

    def __str__(self):
        return f"{self.percent()} of {len(self.took)}, p50 {seconds(self.at(0.5))}, p95 {seconds(self.at(0.95))}"


def seconds(time):
    return f"{time:.2f} s" if time < math.inf else f"over {PATIENCE:.0f} s"


def percentile(values, part):
    """The nearest rank; without an answer there is none."""
    ordered = sorted(values)
    return ordered[math.ceil(part * len(ordered)) - 1] if ordered else math.inf


def prepare(appliance, name):
    """The event, people who have an account, and what the attack needs."""
    ask = lambda *words: json.loads(appliance.ask(*words) or b"{}")
    admin, now = appliance.token("admin"), time.time()
    stamp = lambda at: time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at))
    event = ask("/api/v1/events", {
        "name": "Lezione", "date": stamp(now)[:10], "timezone": "UTC", "mode": "static",
        "starts_at": stamp(now), "ends_at": stamp(now + 12 * 3600)}, appliance.token("staff"))
    shown = ask(f"/api/v1/events/{event['event_id']}/code", None, appliance.token("staff"))
    people = {}
    for group, count in (("tornante", RETURNING), ("presente", RESIDENTS)):
        people[group] = [f"{group}-{number}@{NAME}" for number in range(count)]
        for email in people[group]:
            ask("/api/v1/users", {"email": email, "name": "Onesta", "surname": "Persona", "password": PASSWORD}, admin)
    sessions = [ask("/api/v1/auth/login", {"identifier": email, "password": PASSWORD}) for email in people["presente"]]
    account, ended = appliance.token("user"), appliance.token("user")
    appliance.ask("/api/v1/auth/logout", {}, ended)
    if name == "exports":
        hand_in(appliance, account, admin)
    returning = {SAME: people["tornante"][::2], OTHER: people["tornante"][1::2]}
    return {"typed_code": shown["typed_code"], "code": shown["code"], "returning": returning,
            "sessions": sessions, "residents": people["presente"], "account": account, "ended": ended,
            "taken": f"user@{NAME}"}


def hand_in(appliance, account, admin):
    """Large posts of one account, as many as it may and an API key of its own may after it."""
    owner = json.loads(appliance.ask("/api/v1/me", None, account))["id"]
    key = {"name": "Raccolta", "scopes": ["social:write"], "owner_id": owner}
    secret = json.loads(appliance.ask("/api/v1/auth/api-keys", key, admin))["secret"]
    # The largest there are: ten thousand characters of four bytes each, two hundred to a batch.
    line = json.dumps({"social": "prova", "timestamp": "2026-01-01T00:00:00Z", "status": "published",
                       "content": "\U0001F9FE" * 10_000}, ensure_ascii=False) + "\n"
    posted, deadline = 0, time.monotonic() + POSTS_SECONDS
    for token in (account, secret):
        count = 200
        while posted < POSTS and count and time.monotonic() < deadline:
            if appliance.post((line * count).encode(), "application/x-ndjson", token):
                posted += count
            else:
                count //= 2
    print(f"       exports: {posted} posts of {len(line.encode()) / 1024:.0f} KiB", flush=True)


def observe(appliance, name, given, lead):
    """Lets attack, people and watch loose, and says what became of them and of the server meanwhile."""
    door = Door(appliance.port, appliance.trust)
    stop, before = FORK.Event(), processor_seconds(appliance.process.pid)
    seen = SimpleNamespace(answers=Counter(), asked=0, posted=0, mib=0.0, seconds={})
    attack = start(misbehave, name, door, given, stop, lead) if name != "nobody" else None
    time.sleep(lead)
    honest = start(behave, Honest(door, SECONDS, given["typed_code"], given["returning"], given["sessions"]))
    watch = start(behave, Watch(door, SECONDS))
    deadline = time.monotonic() + SECONDS + 60
    try:
        while not (honest.pipe.poll() and watch.pipe.poll()) and time.monotonic() < deadline:
            seen.mib = highest_mib(appliance.process.pid) or seen.mib
            time.sleep(0.2)
        found, seen.seconds["people"] = received(honest)
        seen.livez, seen.seconds["watch"] = received(watch)
        seen.took, seen.refused = found["took"], found["refused"]
        stop.set()
        if attack:
            (seen.answers, seen.asked, taken), seen.seconds["attack"] = received(attack)
            seen.posted = taken if name == "big_posts" else 0
        seen.mib = highest_mib(appliance.process.pid) or seen.mib
        seen.seconds["server"] = processor_seconds(appliance.process.pid) - before
    finally:
        for other in filter(None, (attack, honest, watch)):
            other.process.join(5)
            if other.process.is_alive():
                other.process.kill()
    return seen


def start(what, *given):
    """A process of its own, and the pipe that its result comes out of."""
    here, there = FORK.Pipe(duplex=False)
    process = FORK.Process(target=what, args=(there, *given), daemon=True)
    process.start()
    there.close()
    return SimpleNamespace(process=process, pipe=here)


def received(other):
    """What came out of a process: there is no verdict without it."""
    try:
        if other.pipe.poll(30):
            return other.pipe.recv()
    except EOFError:
        pass
    raise SystemExit("a part of the trial itself failed")


def behave(pipe, people):
    pipe.send((asyncio.run(people.run()), own_seconds()))


def misbehave(pipe, name, door, given, stop, lead):
    os.nice(10)
    trial = SimpleNamespace(door=door, given=given, seconds=lead + SECONDS, answers=Counter(), asked=0, taken=0.0)

    async def run():
        workers = [asyncio.create_task(worker) for worker in getattr(attacks, name)(trial)]
        # In case that nobody is left to stop it.
        deadline = time.monotonic() + trial.seconds + 60
        while not stop.is_set() and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            for worker in workers:
                if worker.done():
                    worker.result()
        for worker in workers:
            worker.cancel()
        pipe.send(((trial.answers, trial.asked, trial.taken), own_seconds()))
    asyncio.run(run())


def own_seconds():
    return sum(os.times()[:2])


def processor_seconds(pid):
    try:
        fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


def highest_mib(pid):
    """The most memory that a process ever took, or nothing once it has ended."""
    try:
        lines = open(f"/proc/{pid}/status").read().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), None)
    except OSError:
        return None


def tell(context, name, shares, seen):
    """Everything that was seen, on the terminal and beside the log."""
    lines = [f"{kind:9} {where:6} {share}" for (kind, where), share in shares.items()]
    p50, p99, slowest = (1000 * percentile(seen.livez, part) for part in (0.5, 0.99, 1))
    lines.append(f"/livez    {len(seen.livez)} times, p50 {p50:.0f} ms, p99 {p99:.0f} ms, slowest {slowest:.0f} ms")
    lines.append(f"memory    {seen.mib:.0f} MiB at most")
    lines.append("processor " + ", ".join(f"{who} {took:.0f} s" for who, took in seen.seconds.items()))
    lines.append("the attack was answered " + (", ".join(f"{said} {count}" for said, count
                                                         in seen.answers.most_common(8)) or "nothing"))
    lines += [f"not through: {count} {said}" for said, count in seen.refused.most_common(12)]
    text = "\n".join(f"       {line}" for line in lines)
    print(f"insiders: {name}\n{text}", flush=True)
    (context.work / f"insiders-{name}.txt").write_text(text + "\n")
