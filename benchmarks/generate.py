"""Writes large, realistic log files from a fixed seed: the same kind, size and seed give the same bytes everywhere.

    python -m benchmarks.generate KIND MEGABYTES OUT [--seed N]

KIND
    sshd     syslog (RFC 3164, no year): brute force on an SSH server
    access   combined access log; written at completion, so slow requests stand out of order
    json     one JSON object a line, RFC 3339 with nanoseconds
    hdfs     'yymmdd HHMMSS' stamps, block ids that never repeat
    app      'YYYY-mm-dd HH:MM:SS,mmm' with multi-line Java stack traces
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK_LINES = 100_000
START: Any = np.datetime64("2024-01-01T00:00:00", "ns")
USERS = ["root", "admin", "test", "guest", "oracle", "postgres", "ubuntu", "pi", "git", "deploy", "backup", "support"]
NAMES = [
    first + last
    for first in ("al", "be", "ca", "do", "el", "fi", "gu", "ha", "ir", "jo")
    for last in ("na", "ro", "mi", "ks", "lt", "vo")
]
PATHS = [
    "/",
    "/index.html",
    "/login",
    "/api/v1/items",
    "/wp-login.php",
    "/admin",
    "/img/",
    "/static/app.",
    "/search?q=",
]
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "sqlmap/1.8#stable",
]
ATTACKS = [
    "/?id=1%27%20OR%20%271%27=%271",
    "/item?id=1 UNION SELECT username,password FROM users--",
    "/../../../../etc/passwd",
    "/cgi-bin/test?cmd=;cat%20/etc/shadow",
]
# What sshd writes in one connection, and how often such a connection comes; {n} name, {i} address, {p} port.
SSHD = [
    (40, [
        "Invalid user {n} from {i}",
        "input_userauth_request: invalid user {n} [preauth]",
        "pam_unix(sshd:auth): check pass; user unknown",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={i}",
        "Failed password for invalid user {n} from {i} port {p} ssh2",
        "Received disconnect from {i}: 11: Bye Bye [preauth]",
    ]),
    (50, [
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={i}  user=root",
        "Failed password for root from {i} port {p} ssh2",
        "Received disconnect from {i}: 11: Bye Bye [preauth]",
    ]),
    (5, [
        "reverse mapping checking getaddrinfo for host-{p}.example.net [{i}] failed - POSSIBLE BREAK-IN ATTEMPT!",
        "Connection closed by {i} [preauth]",
    ]),
    (3, ["Did not receive identification string from {i}"]),
    (2, [
        "Accepted password for {n} from {i} port {p} ssh2",
        "pam_unix(sshd:session): session opened for user {n} by (uid=0)",
    ]),
]  # fmt: skip

Rng = np.random.Generator
Texts: TypeAlias = Any
"""An Arrow array of strings."""


def numbers(values: np.ndarray) -> Texts:
    return pa.array(values).cast(pa.string())


def padded(values: np.ndarray, width: int) -> Texts:
    return pc.utf8_lpad(numbers(values), width, "0")


def joined(*parts: str | Texts) -> Texts:
    length = next(len(part) for part in parts if not isinstance(part, str))
    arrays = [pa.repeat(part, length) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*arrays, "")


def addresses(rng: Rng, count: int, pool: int) -> Texts:
    """``count`` addresses out of ``pool`` different ones."""
    fields = [rng.integers(1, 224, pool), *(rng.integers(0, 256, pool) for _ in range(2)), rng.integers(1, 255, pool)]
    known = pc.binary_join_element_wise(*(numbers(field) for field in fields), ".")
    return known.take(pa.array(rng.integers(0, pool, count)))


def picked(rng: Rng, words: list[str], count: int, weights: list[float] | None = None) -> Texts:
    chances = None if weights is None else np.array(weights) / sum(weights)
    return pa.array(words).take(pa.array(rng.choice(len(words), count, p=chances)))


def clock(rng: Rng, start: Any, steps: np.ndarray) -> np.ndarray:
    """Times after ``start``, ``steps`` (ns) apart."""
    times: np.ndarray = start + np.cumsum(steps).astype("timedelta64[ns]")
    return times


def formatted(times: np.ndarray, form: str) -> Texts:
    return pc.strftime(pa.array(times.astype("datetime64[s]")), format=form, locale="C")


def below(times: np.ndarray, unit: int) -> np.ndarray:
    """Nanoseconds below the second, in units of ``unit`` ns."""
    return times.astype(np.int64) % 1_000_000_000 // unit


def sshd(rng: Rng, start: Any, count: int) -> tuple[Texts, Any]:
    kinds = rng.choice(len(SSHD), count // 3, p=np.array([weight for weight, _ in SSHD]) / 100)
    sizes = np.array([len(lines) for _, lines in SSHD])[kinds]
    session = np.repeat(np.arange(len(kinds)), sizes)
    step = np.arange(len(session)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    times = clock(rng, start, (rng.random(len(session)) < 0.3) * rng.integers(1, 9, len(session)) * 1_000_000_000)
    pool = addresses(np.random.default_rng(1), 5000, 5000)
    of_session = pa.array(session)
    fields = {
        "i": pool.take(pa.array(rng.integers(0, len(pool), len(kinds)))).take(of_session),
        "n": picked(rng, USERS + NAMES, len(kinds)).take(of_session),
        "p": numbers(rng.integers(1024, 65536, len(kinds))).take(of_session),
    }
    messages, rows = [], []
    for kind, (_, templates) in enumerate(SSHD):
        for place, template in enumerate(templates):
            here = np.flatnonzero((kinds[session] == kind) & (step == place))
            parts: list[str | Texts] = [
                fields[piece].take(pa.array(here)) if piece in fields else piece
                for piece in template.replace("}", "{").split("{")
            ]
            messages.append(joined(*parts, pa.repeat("", len(here))))
            rows.append(here)
    message = pa.concat_arrays(messages).take(pa.array(np.argsort(np.concatenate(rows))))
    pid = numbers(rng.integers(1000, 31000, len(kinds))).take(of_session)
    return joined(formatted(times, "%b %e %H:%M:%S"), " gate sshd[", pid, "]: ", message, "\n"), times[-1]


def access(rng: Rng, start: Any, count: int) -> tuple[Texts, Any]:
    times = clock(rng, start, (rng.random(count) < 0.25) * 1_000_000_000)
    slow = np.where(rng.random(count) < 0.002, rng.integers(2, 120, count), 0)
    began = times - slow.astype("timedelta64[s]").astype("timedelta64[ns]")
    path = joined(picked(rng, PATHS, count), numbers(rng.integers(1, 99999, count)))
    path = pc.if_else(pa.array(rng.random(count) < 0.0005), picked(rng, ATTACKS, count), path)
    status = picked(rng, ["200", "304", "404", "500", "302"], count, [80, 8, 8, 1, 3])
    size = numbers(rng.lognormal(8, 1.5, count).astype(np.int64))
    lines = joined(
        addresses(rng, count, 3000), " - - [", formatted(began, "%d/%b/%Y:%H:%M:%S"), ' +0900] "',
        picked(rng, ["GET", "POST"], count, [3, 1]), " ", path, ' HTTP/1.1" ', status, " ", size, ' "-" "',
        picked(rng, AGENTS, count), '"\n',
    )  # fmt: skip
    return lines, times[-1]


def json_lines(rng: Rng, start: Any, count: int) -> tuple[Texts, Any]:
    times = clock(rng, start, rng.integers(1_000, 40_000_000, count))
    lines = joined(
        '{"time":"', formatted(times, "%Y-%m-%dT%H:%M:%S"), ".", padded(below(times, 1), 9), 'Z","level":"',
        picked(rng, ["info", "warn", "error"], count, [3, 1, 1]), '","pod":"api-', numbers(rng.integers(0, 500, count)),
        '","ip":"', addresses(rng, count, 5000), '","user":"', picked(rng, USERS, count), '","latency_ms":',
        numbers(rng.integers(1, 90000, count)), ',"msg":"request ', numbers(rng.integers(1, 10**9, count)),
        ' handled"}\n',
    )  # fmt: skip
    return lines, times[-1]


def hdfs(rng: Rng, start: Any, count: int) -> tuple[Texts, Any]:
    times = clock(rng, start, (rng.random(count) < 0.05) * 1_000_000_000)
    block = joined("blk_", numbers(rng.integers(-(2**63), 2**63 - 1, count)))
    one, two = addresses(rng, count, 2000), addresses(rng, count, 2000)
    port = numbers(rng.integers(1024, 65536, count))
    forms = [
        joined("INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block ", block, " terminating"),
        joined("INFO dfs.DataNode$DataXceiver: Receiving block ", block, " src: /", one, ":", port, " dest: /", two),
        joined("INFO dfs.FSNamesystem: BLOCK* blockMap updated: ", one, ":50010 is added to ", block, " size ", port),
        joined("WARN dfs.DataNode$DataXceiver: ", one, ":50010:Got exception while serving ", block, " to /", two, ":"),
    ]  # fmt: skip
    message = pc.choose(pa.array(rng.integers(0, len(forms), count)), *forms)
    stamp = formatted(times, "%y%m%d %H%M%S")
    return joined(stamp, " ", numbers(rng.integers(10, 30000, count)), " ", message, "\n"), times[-1]


def app(rng: Rng, start: Any, count: int) -> tuple[Texts, Any]:
    times = clock(rng, start, rng.integers(0, 400, count) * 1_000_000)
    stamp = joined(formatted(times, "%Y-%m-%d %H:%M:%S"), ",", padded(below(times, 1_000_000), 3))
    worker, job = numbers(rng.integers(1, 33, count)), numbers(rng.integers(1, 10**7, count))
    row = numbers(rng.integers(10, 400, count))
    good = joined(stamp, " INFO  [worker-", worker, "] com.example.Job - job ", job, " finished in ", row, " ms\n")
    bad = joined(
        stamp, " ERROR [worker-", worker, "] com.example.Pool - connection ", job, " refused\n"
        "java.net.ConnectException: refused\n\tat com.example.Pool.open(Pool.java:", row,
        ")\n\tat com.example.Job.run(Job.java:", row, ")\n",
    )  # fmt: skip
    return pc.if_else(pa.array(rng.random(count) < 0.01), bad, good), times[-1]


KINDS: dict[str, Callable[[Rng, Any, int], tuple[Texts, Any]]] = {
    "sshd": sshd,
    "access": access,
    "json": json_lines,
    "hdfs": hdfs,
    "app": app,
}


def write_log(kind: str, size_bytes: int, path: Path, seed: int = 20240101) -> None:
    """Write at least ``size_bytes`` of whole lines (less than one line more)."""
    rng = np.random.default_rng([seed, sorted(KINDS).index(kind)])
    start, left = START, size_bytes
    with path.open("wb") as out:
        while left > 0:
            lines, start = KINDS[kind](rng, start, CHUNK_LINES)
            ends = np.cumsum(pc.binary_length(lines).to_numpy())
            data = b"".join(lines.cast(pa.binary()).to_pylist())
            if len(data) > left:
                data = data[: int(ends[np.searchsorted(ends, left)])]
            out.write(data)
            left -= len(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=tuple(KINDS))
    parser.add_argument("megabytes", type=float)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=20240101)
    arguments = parser.parse_args()
    write_log(arguments.kind, int(arguments.megabytes * 1e6), arguments.out, arguments.seed)


if __name__ == "__main__":
    main()
