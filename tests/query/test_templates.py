"""Templates: what they look like, that they fit every record, and how well they group logs with known templates."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from twsla.model.query import Query
from twsla.query import templates as templates_module
from twsla.query.engine import Engine
from twsla.query.template_headers import message_starts
from twsla.query.template_tokens import MOST_TOKENS, WILD, Tokenizer, mask_word, text_of
from twsla.query.templates import count_templates, mine, template_key
from twsla.store.store import Store

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Run

LOGHUB = ROOT.parent / "shared" / "data" / "loghub"
SYSTEMS = ("Android", "Apache", "BGL", "HDFS", "HPC", "Hadoop", "Linux", "OpenSSH", "Windows", "Zookeeper")
DRAIN3 = 0.849
"""Mean grouping accuracy of Drain3 0.9.11 on the messages of these systems, with the masks of its example
configuration (0.820 without masks); measured by ``python -m benchmarks.patterns``."""
DRAIN_PAPER = 0.865
"""Mean of Drain over sixteen systems with settings chosen for each (Zhu et al. 2019)."""


def shape(text: str) -> str:
    return re.sub("[0-9]+", "0", text)


def templates_of(texts: Sequence[str]) -> list[str]:
    counted = Counter(map(shape, texts))
    found = mine(list(counted), list(counted.values()))
    of_shape = dict(zip(counted, (found.texts[number] for number in found.numbers), strict=True))
    return [of_shape[shape(text)] for text in texts]


def fits(template: str, text: str) -> bool:
    """Whether the constant parts of a template are in a text, in order, blanks aside."""
    template, text = ("".join(each.split()) for each in (template, text))
    first, *others = template.split(WILD)
    if not others:
        return text == first
    *middle, last = others
    if not text.startswith(first):
        return False
    at = len(first)
    for part in middle:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(text) - len(last) >= at and text.endswith(last)


# --- words and tokens ------------------------------------------------------------------------------------------

WORDS = [
    ("failed", "failed"),
    ("0", WILD),
    ("-0.0", WILD),
    ("0.0.0.0", WILD),
    ("node-0", "node-<*>"),
    ("eth0", "eth<*>"),
    ("blk_-0", "blk_<*>"),
    ("blk_0", "blk_<*>"),
    ("0ms", WILD),
    ("0x0f0a", WILD),
    ("ab0", WILD),
    ("0af0-0b0-0c-0-0aa", WILD),
    ("deadbeef", WILD),
    ("feedback", "feedback"),
    ("/var/log/messages", WILD),
    (r"C:\Windows\x.dll", WILD),
    ("and/or", "and/or"),
    ("ns.example.com", WILD),
    ("java.io.IOException", "java.io.IOException"),
    ("java.lang.Thread0", WILD),
    ("dfs.DataNode$PacketResponder", "dfs.DataNode$PacketResponder"),
    ("processor......0", "processor......<*>"),
    ("jk0_init", "jk<*>_init"),
    ("attempt_0_0_m_0_0", WILD),
    ("接続0失敗", "接続<*>失敗"),
    ("...", "..."),
    ("e.g.", "e.g."),
]


@pytest.mark.parametrize(("word", "wanted"), WORDS)
def test_variable_parts_of_words_are_masked(word: str, wanted: str) -> None:
    assert mask_word(word) == wanted


TEXTS = [
    ("uid=0 euid=0 tty=ssh", "uid=<*> euid=<*> tty=ssh"),
    ("sshd[0]: a  b", "sshd[<*>]: a b"),
    ("from 0.0.0.0:0 port 0", "from <*> port <*>"),
    ("at 0:0:0.0, 0-0-0", "at <*>"),
    ("connection () lost and f() called", "connection (<*>) lost and f() called"),
    ("delete blk_0 blk_-0 blk_0 now", "delete blk_<*> now"),
    ("node-0 0 <ok> node-0 0 <ok>", "node-<*> <*> <ok>"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "wanted"), TEXTS)
def test_variables_that_stand_together_are_one(text: str, wanted: str) -> None:
    assert text_of(Tokenizer().tokens(text)) == wanted


def test_a_long_text_is_cut_and_says_so() -> None:
    tokens = Tokenizer().tokens(" ".join(["word"] * 500))

    assert len(tokens) == MOST_TOKENS + 1
    assert tokens[-1][0] == WILD


# --- headers -----------------------------------------------------------------------------------------------------


def messages(*texts: str) -> list[str]:
    tokens = [Tokenizer().tokens(shape(text)) for text in texts]
    starts = message_starts(tokens, [1] * len(texts))
    return [text_of([(each[start][0], False), *each[start + 1 :]]) for each, start in zip(tokens, starts, strict=True)]


@pytest.mark.parametrize(
    "line",
    [
        "081109 203615 148 INFO dfs.DataNode$X: it is so",
        "2015-07-29 17:41:44,747 - INFO  [Quorum[myid=1]/0:0:0:0:2181:Fast@774] - it is so",
        "03-17 16:13:38.811  1702  2395 D WindowManager: it is so",
        "- 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50.675872 R02-M1 RAS KERNEL INFO it is so",
        "2016-09-28 04:30:30, Info it is so",
        "[12.5] [error] it is so",
    ],
)
def test_the_message_begins_behind_the_header(line: str) -> None:
    assert messages(line) == ["it is so"]


def test_a_host_and_a_program_are_a_header_if_nearly_all_records_have_them() -> None:
    lines = [f"12:00:01 host{chr(97 + i % 3)} sshd(pam)[{i}]: it is so" for i in range(20)]

    assert messages(*lines, "12:00:01 hosta last message repeated") == ["it is so"] * 20 + ["last message repeated"]


def test_words_before_a_colon_are_a_part_of_the_message_if_others_have_none() -> None:
    lines = ["12:00:01 connection lost: timeout", "12:00:02 login failed: timeout", "12:00:03 the disk is full"]

    assert messages(*lines) == ["connection lost: timeout", "login failed: timeout", "the disk is full"]


def test_a_word_for_a_level_can_begin_a_message() -> None:
    assert messages("12:00:01 error: no space", "12:00:01 it is so") == ["error: no space", "it is so"]


# --- templates ---------------------------------------------------------------------------------------------------

HEAD = "Jan  1 00:00:00 gate sshd[17]: "
NAMES = ("root", "admin", "test", "guest", "oracle")


def test_four_words_at_one_place_are_a_variable() -> None:
    texts = [f"{HEAD}Invalid user {name} from 10.0.0.1" for name in NAMES]

    assert set(templates_of(texts)) == {"<*> gate sshd[<*>]: Invalid user <*> from <*>"}


def test_fewer_words_are_constant() -> None:
    texts = [f"the link of the port is {state}" for state in ("up", "down", "unknown")]

    assert templates_of(texts) == texts


def test_one_word_is_a_variable_where_a_number_stands_too() -> None:
    texts = ["session of user root ended", "session of user 77 ended"]

    assert set(templates_of(texts)) == {"session of user <*> ended"}


def test_what_follows_invalid_user_is_a_variable_everywhere() -> None:
    texts = [f"Invalid user {name} from 10.0.0.1" for name in NAMES] + ["rejected invalid user zoe by rule x"]
    texts += [f"closed invalid user {name} again" for name in NAMES]

    assert "rejected invalid user <*> by rule x" in templates_of(texts)


def test_the_first_word_and_short_messages_stay() -> None:
    texts = [f"{name} startup succeeded" for name in NAMES] + [f"starting {name}" for name in NAMES]

    assert templates_of(texts) == texts


def test_values_of_a_key_are_a_variable_if_there_are_many() -> None:
    texts = [f"login user={name} tty=ssh{' again' * (i % 2)}" for i, name in enumerate(NAMES)]

    assert set(templates_of(texts)) == {"login user=<*> tty=ssh", "login user=<*> tty=ssh again"}


def test_messages_and_levels_of_structured_logs_stay() -> None:
    says = ["no such file", "disk is full", "all is well", "going down now", "up again"]
    levels = ["info", "warn", "error", "debug", "fatal"]
    texts = [
        f'{{"level":"{level}","user":"{name}","msg":"{said}"}}'
        for level, name, said in zip(levels, NAMES, says, strict=True)
    ]

    assert templates_of(texts) == [
        f'{{"level":"{level}","user":"<*>","msg":"{said}"}}' for level, said in zip(levels, says, strict=True)
    ]


def test_a_message_of_several_programs_has_one_template() -> None:
    texts = [f"Jan  1 00:00:00 gate {program}[1]: session opened" for program in ("su", "sshd", "login")]

    assert set(templates_of(texts)) == {"<*> gate <*>[<*>]: session opened"}


PIECES = st.sampled_from(
    ("Jan  1 00:00:00 ", "host ", "sshd[12]: ", "INFO ", "user ", "root ", "x=", "1.2.3.4 ", "blk_-12 ", "(", ")", "[",
     "] ", ", ", "/a/b/c ", "a.b.c ", '"', "':", "<", "> ", "é ", "接続12失敗 ", "ff:00:aa:11 ", "\\", "- ", "\n", "0")
)  # fmt: skip
LINES = st.lists(st.lists(PIECES, max_size=10).map("".join), min_size=1, max_size=30)


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_a_template_fits_its_texts(texts: list[str]) -> None:
    assert [
        (text, found) for text, found in zip(texts, templates_of(texts), strict=True) if not fits(found, text)
    ] == []


@settings(max_examples=100, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_the_order_of_texts_does_not_matter(texts: list[str], random_: random.Random) -> None:
    before = dict(zip(texts, templates_of(texts), strict=True))
    again = random_.sample(texts, len(texts))

    assert dict(zip(again, templates_of(again), strict=True)) == before


# --- real logs -----------------------------------------------------------------------------------------------------


def known(system: str) -> tuple[list[str], list[str], list[str]]:
    """Lines, their messages, and the true template of each."""
    folder = LOGHUB / system
    with (folder / f"{system}_2k.log_structured.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [line.rstrip("\r") for line in (folder / f"{system}_2k.log").read_text(encoding="utf-8").split("\n")]
    return lines[: len(rows)], [row["Content"] for row in rows], [row["EventId"] for row in rows]


def grouping_accuracy(found: Sequence[str], wanted: Sequence[str]) -> float:
    """Share of lines whose group is exactly the true one (Zhu et al. 2019)."""
    groups, true = defaultdict(set), defaultdict(set)
    for number, (template, event) in enumerate(zip(found, wanted, strict=True)):
        groups[template].add(number)
        true[event].add(number)
    same = [members for members in groups.values() if members == true[wanted[min(members)]]]
    return sum(map(len, same)) / len(wanted)


@pytest.mark.skipif(not LOGHUB.is_dir(), reason="the shared logs are not here")
def test_messages_are_grouped_better_than_by_drain3() -> None:
    accuracies = []
    for system in SYSTEMS:
        _, contents, events = known(system)
        accuracies.append(grouping_accuracy(templates_of(contents), events))

    assert sum(accuracies) / len(SYSTEMS) > max(DRAIN3, DRAIN_PAPER, 0.975)
    assert min(accuracies) > 0.9


@pytest.mark.skipif(not LOGHUB.is_dir(), reason="the shared logs are not here")
def test_whole_lines_are_grouped_nearly_as_well_and_fit_their_templates() -> None:
    accuracies = []
    for system in SYSTEMS:
        lines, _, events = known(system)
        found = templates_of(lines)
        accuracies.append(grouping_accuracy(found, events))
        assert [line for line, template in zip(lines, found, strict=True) if not fits(template, line)] == []

    assert sum(accuracies) / len(SYSTEMS) > 0.95


# --- stores ----------------------------------------------------------------------------------------------------------


@contextmanager
def opened(store: Path) -> Iterator[Engine]:
    engine = Engine(Store.open(store), Query())
    try:
        yield engine
    finally:
        engine.close()


@pytest.mark.skipif(not LOGHUB.is_dir(), reason="the shared logs are not here")
def test_a_store_gives_the_templates_of_its_texts(run: Run, tmp_path: Path) -> None:
    run("-d", "x.db", "import", "--multiline", "off", LOGHUB / "OpenSSH" / "OpenSSH_2k.log")
    lines, _, _ = known("OpenSSH")

    with opened(tmp_path / "x.db") as engine:
        table, key = count_templates(engine)

    assert key.notes == ()
    # grep -o '\\bssh[0-9]\\+' finds nothing but ssh2
    wanted = Counter(template.replace("ssh<*>", "ssh2") for template in templates_of(lines))
    assert {row["key"]: row["count"] for row in table.to_pylist()} == wanted


def test_a_name_keeps_its_number_if_that_never_changes(run: Run, tmp_path: Path) -> None:
    lines = [f"packet {i} on eth{i % 2} by ipv4 of net7_x and sha256" for i in range(20)]
    lines += [f"login {i} by oauth2 with md{5 if i < 19 else 55}" for i in range(20)]
    lines += [f"logout {i} by oauth2 of u{i} and {'oauth2' if i else 'oauth3'} at /opt/md5/x" for i in range(20)]
    lines += [f"update {i} by oauth2 of {('root', 'oauth2')[i % 2] if i < 10 else i}" for i in range(20)]
    (tmp_path / "x.log").write_text("".join(f"{line}\n" for line in lines))
    run("-d", "x.db", "import", "--multiline", "off", "x.log")

    with opened(tmp_path / "x.db") as engine:
        table, _ = count_templates(engine)

    assert [row["key"] for row in table.to_pylist() if row["count"] > 1] == [
        "login <*> by oauth2 with md<*>",
        # A word from a path is among those that were asked for, so nothing is said.
        "logout <*> by oauth<*> of u<*> and oauth<*> at <*>",
        "packet <*> on eth<*> by ipv4 of net<*>_x and sha256",
        # So it is with a variable that happens to look like one.
        "update <*> by oauth<*> of <*>",
    ]


def letters(number: int) -> str:
    return "".join(chr(97 + number // 26**place % 26) for place in range(3)) + "q"


def test_files_without_shapes_and_rare_forms_lose_no_record(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{letters(i)} {letters(9000 - i)} from 10.0.0.{i % 250} to {letters(i % 7)}" for i in range(9000)]
    lines += ["always the same 12"] * 50
    (tmp_path / "x.log").write_text("".join(f"{line}\n" for line in lines))
    run("-d", "x.db", "import", "--multiline", "off", "x.log")
    monkeypatch.setattr(templates_module, "MOST_FORMS", 100)

    with opened(tmp_path / "x.db") as engine:
        key = template_key(engine)
        found = engine.fetch(f"SELECT text, {key.expression} FROM records {key.join}")

    assert sorted(text for text, _ in found) == sorted(lines)
    assert ("always the same 12", "always the same <*>") in found
    assert [text for text, template in found if not fits(template, text)] == []
    assert key.notes[0].text.startswith("templates come from the 100 most frequent forms of text; of the other 8,901")


def test_no_record_gives_no_template(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.log").write_text("one line\n")
    run("-d", "x.db", "import", "x.log")

    with opened(tmp_path / "x.db") as engine:
        assert count_templates(engine)[0].num_rows == 1
    done = run("-d", "x.db", "count", "-e", "template", "nothing like this", "--format", "csv")
    assert done.code == 0, done.err
    assert len(done.lines) == 1
