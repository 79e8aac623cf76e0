"""What the codes in Windows logon events mean."""

from __future__ import annotations

from typing import Final

LOGON_TYPES: Final = {
    "0": "system",
    "2": "interactive",
    "3": "network",
    "4": "batch",
    "5": "service",
    "7": "unlock",
    "8": "network cleartext",
    "9": "new credentials",
    "10": "remote interactive",
    "11": "cached interactive",
    "12": "cached remote interactive",
    "13": "cached unlock",
}
"""By the number in ``LogonType``."""

STATUSES: Final = {
    "0xc000000d": "a parameter is invalid",
    "0xc000005e": "no logon server is available",
    "0xc0000064": "no such user",
    "0xc000006a": "wrong password",
    "0xc000006c": "the password does not meet the policy",
    "0xc000006d": "wrong user name or password",
    "0xc000006e": "the account is restricted",
    "0xc000006f": "outside the hours allowed",
    "0xc0000070": "from a computer that is not allowed",
    "0xc0000071": "the password has expired",
    "0xc0000072": "the account is disabled",
    "0xc00000dc": "the server is in the wrong state",
    "0xc0000133": "the clocks differ too much",
    "0xc000015b": "this type of logon is not granted",
    "0xc000018c": "the trust between the domains failed",
    "0xc000018d": "the trust of the computer failed",
    "0xc0000192": "the logon service is not running",
    "0xc0000193": "the account has expired",
    "0xc0000224": "the password must be changed first",
    "0xc0000225": "not found",
    "0xc0000234": "the account is locked out",
    "0xc00002ee": "an error of the system",
    "0xc0000371": "the local account store does not hold the secret",
    "0xc0000380": "wrong PIN",
    "0xc0000413": "the authentication firewall does not allow it",
}
"""By the code in ``Status`` or ``SubStatus``, lower case."""
