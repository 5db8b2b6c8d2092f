"""Reads a mail with Python's own email package and says what is in it."""
import email
import email.policy
import json
import sys

with open(sys.argv[1], "rb") as f:
    raw = f.read()
mail = email.message_from_bytes(raw, policy=email.policy.default)
out = {
    "headers": [[name, str(value)] for name, value in mail.items()],
    "defects": [repr(d) for d in mail.defects] + [repr(d) for part in mail.walk() for d in part.defects],
    "longest": max(len(line) for line in raw.split(b"\r\n")),
    "bare": raw.replace(b"\r\n", b"").count(b"\n") + raw.replace(b"\r\n", b"").count(b"\r"),
    "to": [a.addr_spec for a in mail["to"].addresses],
    "cc": [[a.display_name, a.addr_spec] for a in (mail["cc"].addresses if mail["cc"] else [])],
    "parts": {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()},
}
json.dump(out, sys.stdout)
