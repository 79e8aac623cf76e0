"""Mails made by hand, for tests of the whole program."""

from __future__ import annotations

EXAMPLE = b"""\
Return-Path: <bounce@mail.example.com>
Received: from mx.example.net (mx.example.net [198.51.100.7]) by inbox.example.org; Mon, 01 Jan 2024 10:00:30 +0900
Received: from client.example.com (unknown [203.0.113.5]) by mx.example.net with ESMTP;
\tMon, 01 Jan 2024 10:00:10 +0900 (JST)
Received: (qmail 123 invoked by uid 0); 1 Jan 2024 10:00:05 +0900
Date: Mon, 01 Jan 2024 10:00:00 +0900
From: "Taro" <taro@example.com>
To: hanako@example.org
Subject: Greetings

Hello
"""
"""The worked example of the specification, 7.15."""

JAPANESE = b"""\
Received: from a.example.jp (a.example.jp [192.0.2.10]) by b.example.jp; Tue, 2 Jan 2024 09:01:01 +0900
Authentication-Results: b.example.jp; spf=pass smtp.mailfrom=example.jp; dkim=fail (bad key); dmarc=none
Authentication-Results: other.example; spf=fail; dkim=pass
DATE: Tue, 2 Jan 2024 09:00:00 +0900
From: =?ISO-2022-JP?B?GyRCOzNFREJATzobKEI=?= <yamada@example.jp>
To: a@example.org, "B, C" <bc@example.org>
Subject: =?ISO-2022-JP?Q?=1B$BDj4|=25a=25s=25F=1B(B?=
 =?ISO-2022-JP?Q?=1B$B=25J=25s=259=1B(B_30=1B$BF=7C$G$9=1B(B?=
X-Mailer: Handmade 1
Message-ID: <1@example.jp>

=1B$B
"""
"""The subject is 定期メンテナンス 30日です, in ISO-2022-JP and quoted-printable, over two words."""

NO_DATE = b"""\
Received: from c.example (c.example [10.1.2.3]) by d.example; Wed, 3 Jan 2024 00:00:05 GMT
From: nobody
Subject: =?x-unknown?Q?raw?=

Date: Mon, 01 Jan 2001 10:00:00 +0900
"""

NESTED = b"""\
From: outer@example.com
Subject: Fwd
Content-Type: message/rfc822

Date: Mon, 01 Jan 2001 10:00:00 +0900
From: inner@example.com
Subject: inside

"""


def mbox(*messages: bytes, end: bytes = b"\n") -> bytes:
    """An mbox (mboxrd) of messages."""
    parts = []
    for message in messages:
        lines = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in message.split(b"\n")]
        parts.append(b"From someone@example.com Mon Jan  1 10:00:00 2024\n" + b"\n".join(lines) + b"\n")
    return b"".join(parts).replace(b"\n", end)
