#!/usr/bin/env python3
"""Writes a month of traffic into the usage file of a stopped deployment, so that charts and lists have something to show.

    dev/fill_usage.py DATA_FOLDER [--days 30] [--rows 20000]

For development only. It reads accounts, keys and companies from claviger.db and writes the tables of usage.db as
crates/store/migrations-usage has them: single requests of the last 15 days, counts of all days, last uses.
"""

import argparse
import math
import os
import random
import sqlite3
import sys
import time
from collections import Counter

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
# Method, operation, weight, and what is refused there.
OPERATIONS = [
    ("GET", "send_get", 40),
    ("GET", "receive_get", 25),
    ("GET", "company_get", 10),
    ("GET", "send_id_get", 12),
    ("POST", "send_json_post", 8),
    ("POST", "send_post", 3),
    ("GET", "export_get", 2),
]
OUTCOMES = [
    (200, "ok", None, None, 930),
    (404, "client_error", None, None, 22),
    (422, "client_error", None, None, 12),
    (503, "server_error", None, None, 4),
    (403, "refused", "insufficient_scope", None, 14),
    (403, "refused", "company_not_allowed", None, 6),
    (403, "refused", "origin_not_allowed", None, 4),
    (403, "refused", "ip_not_allowed", None, 3),
    (429, "limited", "rate_limit_exceeded", "default", 5),
]
AGENTS = ["curl/8.5.0", "python-requests/2.32", "okhttp/4.12.0", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"]


def request_id(at, rng):
    """A UUID of version 7: sixteen bytes that sort by time."""
    value = bytearray((at // 1000).to_bytes(6, "big") + rng.randbytes(10))
    value[6] = 0x70 | value[6] & 0x0F
    value[8] = 0x80 | value[8] & 0x3F
    return bytes(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rows", type=int, default=20_000, help="single requests of the last 15 days")
    wanted = parser.parse_args()
    if not os.path.exists(os.path.join(wanted.data, "usage.db")):
        sys.exit(f"{wanted.data} has no usage.db: start the deployment once, and stop it")
    rng = random.Random(20)
    now = time.time_ns() // 1000
    main_file = sqlite3.connect(f"file:{os.path.join(wanted.data, 'claviger.db')}?mode=ro", uri=True)
    keys = main_file.execute(
        "SELECT account_id, id, status, created_at, environments FROM keys WHERE status <> 'deleted' ORDER BY id"
    ).fetchall()
    tags = {}
    for key, environment, digest in main_file.execute(
        "SELECT key_id, environment, hash FROM credentials WHERE slot = 'current'"
    ):
        tags[key, environment] = int.from_bytes(digest[:8], "big", signed=True)
    companies = {}
    for account, company in main_file.execute("SELECT account_id, id FROM companies"):
        companies.setdefault(account, []).append(company)
    if not keys:
        sys.exit("there is no key: fill the deployment first")

    # A few keys do most of the work; every fifth was never used.
    weights = [0 if index % 5 == 3 else 1 / (1 + index % 97) for index in range(len(keys))]
    counts, rows, last = Counter(), [], {}
    start = now - wanted.days * DAY

    def load(at):
        hour, weekday = at // HOUR % 24, (at // DAY + 4) % 7
        busy = math.exp(-(((hour - 10.5) / 4) ** 2)) + 0.6 * math.exp(-(((hour - 16) / 3) ** 2)) + 0.08
        return busy * (0.25 if weekday in (0, 6) else 1)

    hour = start // HOUR * HOUR
    hours = []
    while hour < now:
        hours.append((hour, load(hour)))
        hour += HOUR
    recent = [(at, weight) for at, weight in hours if at > now - 15 * DAY + HOUR]

    def draw(at):
        account, key, status, _, environments = rng.choices(keys, weights)[0]
        environment = environments if environments != "both" else rng.choices(["test", "live"], [3, 2])[0]
        tag = tags.get((key, environment))
        if tag is None:
            return None
        method, operation, _ = rng.choices(OPERATIONS, [one[2] for one in OPERATIONS])[0]
        code, outcome, reason, limit, _ = rng.choices(OUTCOMES, [one[4] for one in OUTCOMES])[0]
        if status in ("revoked", "disabled") and at > now - 2 * DAY:
            code, outcome, reason, limit = 401, "refused", f"key_{status}", None
        return account, key, tag, environment, method, operation, code, outcome, reason, limit

    def count(drawn, at, many):
        account, key, _, environment, _, operation, _, outcome, _, _ = drawn
        for granularity, length, kept in (("minute", MINUTE, 2 * DAY), ("hour", HOUR, 90 * DAY), ("day", DAY, 730 * DAY)):
            if at > now - kept:
                counts[account, key, granularity, at // length * length, operation, environment, outcome] += many

    # Days before the log of single requests, as counts alone.
    for hour, weight in hours:
        if hour > now - 15 * DAY + HOUR:
            break
        for _ in range(max(1, round(60 * weight))):
            drawn = draw(hour)
            if drawn:
                count(drawn, hour + rng.randrange(HOUR), rng.randint(1, 3))
    for hour, _ in rng.choices(recent, [weight for _, weight in recent], k=wanted.rows):
        at = min(hour + rng.randrange(HOUR), now - 1_000_000)
        drawn = draw(at)
        if not drawn:
            continue
        count(drawn, at, 1)
        account, key, tag, environment, method, operation, code, outcome, reason, limit = drawn
        company = rng.choice(companies[account]) if account in companies and rng.random() < 0.6 else None
        address = f"203.0.113.{rng.randrange(1, 250)}" if rng.random() < 0.8 else "2001:db8::" + hex(rng.randrange(65_536))[2:]
        agent = rng.choice(AGENTS)
        origin = "https://app.example.com" if agent.startswith("Mozilla") or reason == "origin_not_allowed" else None
        micros = round(rng.lognormvariate(9.2, 0.9)) if outcome in ("ok", "client_error", "server_error") else rng.randrange(90, 900)
        rows.append(
            (request_id(at, rng), at, account, key, tag, environment, method, operation, code, outcome, reason, limit, company,
             address, agent, origin, micros)
        )
        if outcome not in ("refused", "limited") and at > last.get((account, key, tag), (0,))[0]:
            last[account, key, tag] = (at, environment, address, operation)

    usage = sqlite3.connect(os.path.join(wanted.data, "usage.db"), timeout=1)
    with usage:
        usage.executemany(f"INSERT OR IGNORE INTO requests VALUES ({','.join('?' * 17)})", rows)
        usage.executemany(
            "INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*of, many) for of, many in counts.items()],
        )
        usage.executemany(
            "INSERT OR REPLACE INTO last_used VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(account, key, tag, environment, at, address, operation)
             for (account, key, tag), (at, environment, address, operation) in last.items()],
        )
        usage.execute("UPDATE kept_since SET at = min(at, ?)", (start,))
    usage.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    usage.close()
    print(f"{len(rows)} requests, {len(counts)} counts, {len(last)} last uses, {len(keys)} keys, {wanted.days} days")


if __name__ == "__main__":
    main()
