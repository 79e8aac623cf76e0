"""Writes testdata/logs: one small made-up incident on the host "gate", as five programs logged it.

    python testdata/make.py

On 2024-05-06 somebody guesses passwords on sshd, gets in as "deploy", probes the web shop and breaks its database
connection. All addresses are from the ranges kept for documentation (RFC 5737, RFC 3849). Same bytes on every run.
"""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent / "logs"
DAY = datetime(2024, 5, 6, tzinfo=UTC)
ATTACKER = "203.0.113.77"
USERS = ["root", "admin", "oracle", "test", "postgres", "ubuntu"]


def auth(rng: random.Random) -> list[str]:
    """Syslog as sshd writes it; no year on the lines."""
    now, lines = DAY + timedelta(hours=6), []
    for number in range(240):
        now += timedelta(seconds=rng.randint(1, 8))
        stamp, pid = f"{now:%b} {now.day:2d} {now:%H:%M:%S}", rng.randint(1000, 32000)
        user, port = rng.choice(USERS), rng.randint(1024, 65535)
        known = "" if user == "root" else "invalid user "
        lines.append(f"{stamp} gate sshd[{pid}]: Failed password for {known}{user} from {ATTACKER} port {port} ssh2")
        if number % 6 == 0:
            lines.append(f"{stamp} gate sshd[{pid}]: Received disconnect from {ATTACKER}: 11: Bye Bye [preauth]")
    now += timedelta(seconds=2)
    stamp = f"{now:%b} {now.day:2d} {now:%H:%M:%S}"
    lines.append(f"{stamp} gate sshd[31337]: Accepted password for deploy from {ATTACKER} port 22022 ssh2")
    lines.append(f"{stamp} gate sshd[31337]: pam_unix(sshd:session): session opened for user deploy(uid=1001)")
    return lines


def access(rng: random.Random) -> list[str]:
    """Combined access log, with zone."""
    now, lines = DAY + timedelta(hours=6, minutes=10), []
    for number in range(300):
        now += timedelta(seconds=rng.randint(0, 7))
        address, path, status = f"198.51.100.{rng.randint(1, 60)}", f"/shop/item?id={rng.randint(1, 500)}", 200
        if number % 25 == 24:
            attack = ("1%27%20OR%20%271%27=%271", "../../../../etc/passwd", "1 UNION SELECT user,pass FROM users--")
            address, path, status = ATTACKER, f"/shop/item?id={rng.choice(attack)}", rng.choice((403, 500))
        stamp = (now + timedelta(hours=9)).strftime("%d/%b/%Y:%H:%M:%S +0900")
        lines.append(
            f'{address} - - [{stamp}] "GET {path} HTTP/1.1" {status} {rng.randint(200, 9000)} "-" "curl/8.5.0"'
        )
    return lines


def application(rng: random.Random) -> list[str]:
    """log4j with stack traces: one record has several lines."""
    now, lines = DAY + timedelta(hours=6, minutes=20), []
    for number in range(120):
        now += timedelta(milliseconds=rng.randint(1, 9000))
        stamp = f"{now:%Y-%m-%d %H:%M:%S},{now.microsecond // 1000:03d}"
        if number % 30 == 29:
            lines += [
                f"{stamp} ERROR [worker-{rng.randint(1, 8)}] shop.Pool - connection refused",
                "java.net.ConnectException: refused",
                f"\tat shop.Pool.open(Pool.java:{rng.randint(10, 99)})",
                "\tat shop.Order.run(Order.java:42)",
            ]
        else:
            lines.append(f"{stamp} INFO  [worker-{rng.randint(1, 8)}] shop.Order - order {rng.randint(1, 9999)} done")
    return lines


def events(rng: random.Random) -> list[str]:
    """JSON lines with nanoseconds."""
    now, lines = DAY + timedelta(hours=6, minutes=30), []
    for _ in range(100):
        now += timedelta(microseconds=rng.randint(1, 900_000))
        stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06d}{rng.randint(0, 999):03d}Z"
        level = rng.choice(("info", "info", "warn", "error"))
        lines.append(
            json.dumps({"time": stamp, "level": level, "ip": f"192.0.2.{rng.randint(1, 99)}", "msg": "request"})
        )
    return lines


def notes() -> list[str]:
    """No time stamps at all."""
    return ["shift notes", "call the network team about 203.0.113.77", "テープの交換を忘れないこと"]


def main() -> None:
    """Write every file."""
    rng = random.Random(20240506)  # noqa: S311  # test data
    HERE.mkdir(exist_ok=True)
    texts = {
        "auth-20240506.log": auth(rng),
        "access.log": access(rng),
        "app.log": application(rng),
        "events.jsonl": events(rng),
        "notes.txt": notes(),
    }
    for name, lines in texts.items():
        (HERE / name).write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    rotated = [line.replace("May  6", "May  5") for line in texts["auth-20240506.log"][:100]]
    with (HERE / "auth-20240505.log.gz").open("wb") as file:
        moment = int((DAY - timedelta(seconds=1)).timestamp())
        with gzip.GzipFile("auth-20240505.log", "wb", 9, file, mtime=moment) as packed:
            packed.write(("\n".join(rotated) + "\n").encode())


if __name__ == "__main__":
    main()
