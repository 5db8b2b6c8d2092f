#!/usr/bin/env python3
"""Verifies a firebreak bundle with nothing but Python 3.8 or newer.

    python3 verify.py BUNDLE.tar.gz        the archive, or a folder it was unpacked into
        --seal "2026-0007 @12 9f2c..."     a head that somebody kept elsewhere
        --key NAME+HASH+BASE64             the maker's key, known from elsewhere
        --json                             the result as JSON

It reads the archive in place and writes nothing. Exit status: 0 verified,
6 something is wrong, 2 it could not be tried. VERIFY.md explains each step,
and how ssh-keygen and openssl check what people and authorities signed.
"""
import argparse
import base64
import datetime
import hashlib
import json
import os
import re
import stat
import sys
import zlib

FORMAT = "firebreak.bundle/1"
MAX_FILES, MAX_KEPT, MAX_TOTAL, MAX_NAME = 200_000, 1 << 30, 1 << 40, 100
MAX_LINE, MAX_DISCLOSURE, MAX_DIGESTS = 64 << 10, 32 << 20, 256
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z")
BLOB = re.compile(r"evidence/(e[1-9][0-9]{0,8})\.bin\Z")
EXHIBIT = re.compile(r"e[1-9][0-9]{0,8}\Z")
INCIDENT = re.compile(r"[0-9]{4}-[0-9]{4,6}\Z")
SEAL = re.compile(r"([0-9]{4}-[0-9]{4,6}) @([1-9][0-9]{0,15}) ([0-9a-f]{64})\Z")
FIELDS = re.compile(rb'\{"seq":([1-9][0-9]*),"disclosures":\[("[A-Za-z0-9_-]*"(?:,"[A-Za-z0-9_-]*")*)?\]\}\Z')
ALPHABET = re.compile(r"[A-Za-z0-9_-]*\Z")
DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")
PHASES = ["", "identify", "contain", "eradicate", "recover", "learn"]
OUTCOME = "error ref says receipt"
ERASABLE = {  # which fields may be erased; all else carries the record's structure
    "incident.opened": "title summary impact", "incident.changed": "title summary impact reason",
    "incident.closed": "reason", "incident.reopened": "reason", "role.assigned": "person", "note": "text",
    "run.started": "vars", "run.variable": "vars", "step.started": "items vars", "step.done": "result answers set note", "step.failed": "error",
    "step.skipped": "reason", "step.reopened": "reason", "step.added": "title text",
    "evidence.collected": "host root refused cut",
    "evidence.sealed": "title source host authority method deviations before after size sha256 blob root member taken machine argv stored mapping",
    "evidence.checked": "found", "timeline.ingested": "samples first last", "timeline.marked": "tags comment message time",
    "finding.judged": "reason host about says first", "alert.received": "changes notes",
    "action.planned": "title target plan undo reason tried overrides", "action.expired": "error", "action.extended": "reason", "rollback": "reason results", "action.approved": "reason signature", "action.rejected": "reason signature",
    "action.sent": OUTCOME, "action.verified": OUTCOME, "action.failed": OUTCOME, "action.unknown": OUTCOME,
    "action.queued": "error", "action.dropped": "reason signature", "message.undelivered": "error",
    "update.written": "text by_hand", "item.added": "text owner verify", "head.signed": "reason",
    "item.changed": "text owner verify link reason", "review.text": "text public executive regulator", "review.moved": "reason statement signature",
    "review.released": "to reason secret beside", "moment.stated": "reason", "impact.stated": "class place basis text low high",
    "subject.named": "value as note", "technique.seen": "text", "factor.named": "text", "control.judged": "text",
    "decision.taken": "question choice known alternatives reason by", "shift.handed": "to text",
    "clock.started": "reason basis", "clock.chosen": "reason basis", "clock.met": "to how proof note",
    "custody.transferred": "reason place statement from_signature to_signature", "evidence.accessed": "purpose to",
    "custody.accepted": "reason place signature",
    "hold.placed": "reason", "hold.lifted": "reason", "erasure.asked": "reason", "erasure.agreed": "reason",
    "bundle.made": "recipients", "backup.made": "recipients", "disk.full": "path failed", "record.restored": "reason",
    "timeline.exported": "to filter",
    "drill.begun": "seats", "drill.clock": "reason", "drill.inject": "from title text choices", "drill.answered": "note", "drill.ended": "reason",
}
KEEPS_NAME = ("erasure.asked", "erasure.agreed", "erasure.done", "hold.placed", "hold.lifted")  # who agreed stays known
MARK = "\u2014 "  # begins a line with a signature


class Unreadable(Exception):
    """The archive is not one that firebreak wrote."""


class Malformed(Exception):
    """Some bytes are not what they should be."""


# --- Reading the archive ------------------------------------------------------


class Plain:
    """The uncompressed side of a gzip stream, read piece by piece."""

    def __init__(self, stream):
        self.stream, self.z, self.rest = stream, zlib.decompressobj(31), b""

    def read(self, n):
        out = []
        while n > 0 and not self.z.eof:
            self.rest = self.rest or self.stream.read(1 << 16)
            ended = not self.rest
            try:
                piece = self.z.decompress(self.rest, n)
            except zlib.error as e:
                raise Unreadable(str(e))
            if ended and not piece and not self.z.eof:
                raise Unreadable("it is cut off")
            self.rest = self.z.unconsumed_tail
            out.append(piece)
            n -= len(piece)
        return b"".join(out)

    def whole(self, n):
        b = self.read(n)
        if len(b) != n:
            raise Unreadable("it is cut off")
        return b

    def end(self):
        """There must be nothing more, neither inside nor behind."""
        if self.read(1) or not self.z.eof:
            raise Unreadable("there is something behind its end")
        if self.z.unused_data or self.stream.read(1):
            raise Unreadable("there is something behind its end")


def header(name, size, at):
    """The one header that a bundle has for a file."""
    if len(name) > MAX_NAME or not NAME.match(name):
        raise Unreadable("the name %.120r" % name)
    length = b"%011o\0" % size if size < 1 << 33 else b"\x80" + size.to_bytes(11, "big")
    h = bytearray(512)
    h[0:len(name)] = name.encode()
    h[100:124] = b"0000644\0" b"0000000\0" b"0000000\0"
    h[124:136], h[136:148], h[148:156] = length, b"%011o\0" % at, b" " * 8
    h[156:157], h[257:265] = b"0", b"ustar  \0"
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)


def parse_header(h):
    name = h[:100].split(b"\0")[0].decode("latin-1")
    if h[156:157] != b"0":
        raise Unreadable("%.120r is not a regular file" % name)
    try:
        size = int.from_bytes(h[128:136], "big") if h[124] == 0x80 else int(h[124:135], 8)
        at = int(h[136:147], 8)
        again = header(name, size, at)
    except (ValueError, OverflowError):
        raise Unreadable("the size or time of %.120r" % name)
    if again != h:
        raise Unreadable("the header of %.120r is not as a bundle's is" % name)
    return name, size


class Contents:
    """The small files whole; of the evidence the size and the hash."""

    def __init__(self):
        self.files, self.sums, self.kept, self.total = {}, {}, 0, 0

    def add(self, name, size, read):
        keep = not BLOB.match(name)
        self.total += size
        self.kept += size if keep else 0
        if name in self.sums:
            raise Unreadable("%s is there twice" % name)
        if len(self.sums) >= MAX_FILES or self.kept > MAX_KEPT or self.total > MAX_TOTAL:
            raise Unreadable("too large at %s" % name)
        digest, parts, left = hashlib.sha256(), [], size
        while left > 0:
            piece = read(min(left, 1 << 20))
            if not piece:
                raise Unreadable("it is cut off")
            left -= len(piece)
            digest.update(piece)
            if keep:
                parts.append(piece)
        if keep:
            self.files[name] = b"".join(parts)
        self.sums[name] = (size, digest.hexdigest())


def read_archive(path):
    c = Contents()
    with open(path, "rb") as f:
        plain = Plain(f)
        while True:
            h = plain.whole(512)
            if h == bytes(512):
                break
            name, size = parse_header(h)
            c.add(name, size, plain.read)
            if any(plain.whole(-size % 512)):
                raise Unreadable("there is something between two files")
        if any(plain.whole(512)):
            raise Unreadable("there is something between two files")
        plain.end()
    return c


def read_folder(root):
    c = Contents()

    def fail(e):
        raise e

    for folder, folders, names in os.walk(root, onerror=fail):
        folders.sort()
        for d in folders:
            if os.path.islink(os.path.join(folder, d)):
                raise Unreadable("%.120r is not a regular file" % d)
        for n in sorted(names):
            path = os.path.join(folder, n)
            name = os.path.relpath(path, root).replace(os.sep, "/")
            if not stat.S_ISREG(os.lstat(path).st_mode):
                raise Unreadable("%.120r is not a regular file" % name)
            if len(name) > MAX_NAME or not NAME.match(name):
                raise Unreadable("the name %.120r" % name)
            with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as f:
                c.add(name, os.fstat(f.fileno()).st_size, f.read)
    return c


# --- Ed25519 (RFC 8032), verification only ------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_mul(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = point_add(q, p)
        p, n = point_add(p, p), n >> 1
    return q


def point_from(b):
    y, sign = int.from_bytes(b, "little") & (2**255 - 1), b[31] >> 7
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def point_bytes(p):
    z = pow(p[2], P - 2, P)
    x, y = p[0] * z % P, p[1] * z % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = point_from((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public, signature, message):
    a, s = point_from(public), int.from_bytes(signature[32:], "little")
    if a is None or len(signature) != 64 or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    minus = (P - a[0], a[1], 1, P - a[3])
    return point_bytes(point_add(point_mul(s, BASE), point_mul(k, minus))) == signature[:32]


# --- Signed notes and heads ---------------------------------------------------


def parse_key(text):
    """NAME+HASH+BASE64 as (name+hash, public key)."""
    name, _, rest = text.partition("+")
    short, _, b64 = rest.partition("+")
    try:
        raw = base64.b64decode(b64, validate=True)
    except ValueError:
        raise Malformed("not a verifier key: %.120r" % text)
    if not name or not re.match(r"[0-9a-f]{8}\Z", short) or len(raw) != 33 or raw[0] != 1:
        raise Malformed("not a verifier key: %.120r" % text)
    if hashlib.sha256(name.encode() + b"\n" + raw).hexdigest()[:8] != short:
        raise Malformed("a verifier key whose hash is wrong: %.120r" % text)
    return name + "+" + short, raw[1:]


def parse_keys(texts):
    return dict(parse_key(t) for t in texts)


def open_list(signed, keys):
    """MANIFEST: its text, who signed it, and what is wrong with the signature."""
    at = signed.rfind(b"\n\n")
    if at < 0:
        return "", "", "no signature"
    text, line = signed[:at + 1], signed[at + 2:]
    try:
        shown = text.decode()
        m = re.match(MARK + r"([^ \r\n]+) ([A-Za-z0-9+/]+=*)\n\Z", line.decode())
        raw = base64.b64decode(m.group(2), validate=True) if m else b""
    except ValueError:
        return "", "", "it is no text"
    if len(raw) != 68 or base64.b64encode(raw).decode() != m.group(2):
        return shown, "", "its last line is no signature"
    by = m.group(1) + "+" + raw[:4].hex()
    if by not in keys:
        return shown, by, "signed with a key that is not known: " + by
    if not ed25519_verify(keys[by], raw[4:], text):
        return shown, by, "the signature of %s is wrong" % by
    return shown, by, ""


def open_head(signed, keys):
    """A head as (origin, size, root), or why it is none."""
    try:
        body = signed.decode()
    except ValueError:
        raise Malformed("malformed note")
    if any(c < " " and c != "\n" for c in body) or "\n\n" not in body or not body.endswith("\n"):
        raise Malformed("malformed note")
    at = body.rindex("\n\n")
    text, good = body[:at + 1], False
    for line in body[at + 2:].split("\n")[:-1]:
        name, _, b64 = line[len(MARK):].partition(" ")
        try:
            raw = base64.b64decode(b64, validate=True)
        except ValueError:
            raw = b""
        if not line.startswith(MARK) or not name or "+" in name or len(raw) < 5:
            raise Malformed("malformed note")
        by = name + "+" + raw[:4].hex()
        if by in keys:
            if not ed25519_verify(keys[by], raw[4:], text.encode()):
                raise Malformed("the signature of %s is wrong" % by)
            good = True
    if not good:
        raise Malformed("no signature by a known key")
    lines = text.split("\n")
    try:
        root = base64.b64decode(lines[2], validate=True)
        if len(lines) != 4 or lines[3] or not lines[0] or len(lines[2]) != 44 or len(root) != 32:
            raise Malformed("not a checkpoint")
        if base64.b64encode(root).decode() != lines[2] or not re.match(r"(0|[1-9][0-9]{0,18})\Z", lines[1]):
            raise Malformed("not a checkpoint")
    except (ValueError, IndexError):
        raise Malformed("not a checkpoint")
    return lines[0], int(lines[1]), root


def split_heads(b):
    """The notes of a heads file, and what is left at its end."""
    notes, mark = [], MARK.encode()
    while b:
        lines, n = b.split(b"\n", 4), 0
        if len(lines) < 5 or not all(lines[:3]) or lines[3]:
            break
        n = sum(len(l) + 1 for l in lines[:4])
        while b[n:].startswith(mark) and b"\n" in b[n:]:
            n = b.index(b"\n", n) + 1
        note = b[:n]
        if note.endswith(b"\n\n") or b[n:].startswith(mark) or b"\0" in note:
            break
        notes.append(note)
        b = b[n:]
    return notes, b


# --- The tree (RFC 6962) ------------------------------------------------------


def leaf_hash(line):
    return hashlib.sha256(b"\0" + line).digest()


def node(a, b):
    return hashlib.sha256(b"\1" + a + b).digest()


class Tree:
    def __init__(self, leaves):
        self.size, self.levels = len(leaves), [leaves]
        while len(self.levels[-1]) > 1:
            row = self.levels[-1]
            self.levels.append([node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)])

    def root(self, size):
        """The root of the first size leaves; None when there are fewer."""
        if size < 0 or size > self.size:
            return None
        parts, at = [], 0
        for k in range(size.bit_length() - 1, -1, -1):
            if size >> k & 1:
                parts.append(self.levels[k][at >> k])
                at += 1 << k
        h = parts.pop() if parts else hashlib.sha256(b"").digest()
        while parts:
            h = node(parts.pop(), h)
        return h


# --- Lines and disclosures ----------------------------------------------------


def b64url(text):
    """The bytes of base64url without padding, in its one form."""
    spare = {0: "", 2: "AQgw", 3: "AEIMQUYcgkosw048"}.get(len(text) % 4)
    if spare is None or spare and text[-1] not in spare or not ALPHABET.match(text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parse_line(b, incident):
    """A line of the log as a dict; None when it is not one of this incident."""
    try:
        w = json.loads(b.decode(), object_pairs_hook=list)
        if len(b) > MAX_LINE or [k for k, _ in w] != ["v", "incident", "seq", "at", "mono", "boot", "actor", "kind", "phase", "step", "_sd"]:
            return None
        d = dict(w)
        texts = [d[k] for k in ("incident", "at", "boot", "actor", "kind", "phase", "step")]
        if any(type(t) is not str for t in texts) or any(type(d[k]) is not int for k in ("v", "seq", "mono")):
            return None
        m = re.match(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{0,8}[1-9])?Z\Z", d["at"])
        if d["v"] != 1 or d["seq"] < 1 or not d["kind"] or d["phase"] not in PHASES or not m or d["incident"] != incident:
            return None
        datetime.datetime.fromisoformat(m.group(1))
        sd = d["_sd"]
        if type(sd) is not list or len(sd) > MAX_DIGESTS or not -2**63 <= d["mono"] < 2**63 or d["seq"] >= 2**63:
            return None
        if not all(map(DIGEST.match, sd)) or any(x >= y for x, y in zip(sd, sd[1:])):
            return None
        again = json.dumps(d, ensure_ascii=False, separators=(",", ":")).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        return d if again.encode() == b else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def digest_of(disclosure):
    h = hashlib.sha256(disclosure.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(h).decode().rstrip("=")


def parse_disclosure(text):
    """The name and value of a disclosure: base64url of [salt, name, value]."""
    try:
        if len(text) > MAX_DISCLOSURE:
            raise Malformed("a disclosure that is too large")
        salt, name, value = json.loads(b64url(text).decode("utf-8", "replace"))
        if type(salt) is not str or type(name) is not str or name in ("", "_sd", "..."):
            raise Malformed("a disclosure that is no salt, name and value")
        if len(base64.urlsafe_b64decode(salt + "=" * (-len(salt) % 4))) < 16:
            raise Malformed("a disclosure with a short salt")
        return name, value
    except (ValueError, TypeError, RecursionError) as e:
        raise Malformed("a disclosure that cannot be read: %s" % e)


def erasable(kind, field):
    if field == "actor_name":
        return kind not in KEEPS_NAME
    return field in ERASABLE.get(kind, "").split()


# --- The verification ---------------------------------------------------------


class Verifier:
    def __init__(self, seals, keys):
        self.seals, self.given = seals, keys
        self.problems, self.notes, self.missing = [], [], []
        self.incident, self.profile, self.head = "", "", None
        self.counts = dict.fromkeys(("files", "entries", "heads", "disclosures", "withheld", "erased", "exhibits", "left_out", "attested"), 0)
        self.signatures, self.stamps = [], []

    def fault(self, seq, what, where):
        p = {"what": what, "where": where}
        if seq:
            p["seq"] = seq
        self.problems.append(p)

    def note(self, text):
        self.notes.append(text)

    def run(self, c):
        self.c, self.counts["files"] = c, len(c.sums)
        try:
            about = json.loads(c.files["bundle.json"].decode())
            said, self.incident, self.profile = about["format"], about["incident"], about["profile"]
            if any(type(x) is not str for x in (said, self.incident, self.profile)):
                raise ValueError("not texts")
        except (KeyError, ValueError, TypeError, RecursionError) as e:
            return self.fault(0, "bad archive", "bundle.json cannot be read: %r" % e)
        if said != FORMAT:
            return self.fault(0, "bad archive", "bundle.json says that it is %.60r; this reads %s" % (said, FORMAT))
        self.load_keys()
        seal = self.manifest()
        self.load_record()
        self.verify_record()
        if self.head and seal and seal != self.seal():
            self.fault(0, "head removed", "the bundle was made over %.60r, and its newest good head is %.60r" % (seal, self.seal()))
        self.checkpoints()
        self.people()
        self.evidence()
        self.limits()

    def seal(self):
        return "%s @%d %s" % (self.head[0].rsplit("/", 1)[-1], self.head[1], self.head[2].hex()) if self.head else ""

    def load_keys(self):
        own = {}
        try:
            own = parse_keys(self.c.files.get("keys/instance.pub", b"").decode().split())
        except (Malformed, ValueError) as e:
            self.fault(0, "bad signature", "keys/instance.pub: %s" % e)
        self.keys, self.claimed = (self.given, own) if self.given else (own, {})

    def manifest(self):
        """Checks the signed list of files, and returns the seal in it."""
        self.listed = {}
        signed = self.c.files.get("MANIFEST")
        if signed is None:
            self.fault(0, "file missing", "MANIFEST is not there: nothing says which files belong to the bundle")
            return ""
        text, _, wrong = open_list(signed, self.keys)
        if wrong:
            self.fault(0, "bad signature", "MANIFEST: " + wrong)
        lines = text.split("\n")
        if len(lines) < 3 or lines[0] != FORMAT or lines[-1]:
            if not wrong:
                self.fault(0, "bad signature", "MANIFEST is signed, and is not the list of a bundle")
            return ""
        for line in lines[2:-1]:
            digest, two, name = line.partition("  ")
            if two and len(digest) == 64:
                self.listed[name] = digest
        for name in sorted(self.listed):
            if BLOB.match(name):
                continue  # has its own fault
            if name not in self.c.sums:
                self.fault(0, "file missing", name)
            elif self.c.sums[name][1] != self.listed[name]:
                self.fault(0, "file changed", name)
        for name in sorted(self.c.sums):
            if name not in self.listed and name != "MANIFEST":
                self.fault(0, "file added", name)
        return lines[1]

    def load_record(self):
        raw = self.c.files.get("record/entries.jsonl", b"")
        if raw and not raw.endswith(b"\n"):
            self.fault(0, "damaged", "record/entries.jsonl does not end with a line break")
        self.raw = raw.split(b"\n")
        if not self.raw[-1]:
            self.raw.pop()
        self.lines = [parse_line(b, self.incident) for b in self.raw]
        self.counts["entries"] = len(self.raw)
        self.fields = [[] for _ in self.raw]
        self.load_fields()
        self.kept = []
        for n, line in enumerate(self.c.files.get("record/leaves", b"").splitlines(), 1):
            try:
                leaf = bytes.fromhex(line.decode())
            except ValueError:
                leaf = b""
            if len(leaf) != 32 or len(line) != 64:
                self.fault(0, "damaged", "record/leaves: line %d is no hash" % n)
                self.kept = []
                break
            self.kept.append(leaf)
        self.withheld = set()
        try:
            raw = self.c.files.get("record/withheld.json", b"")
            out = json.loads(raw.decode())
            form = {"profile": out["profile"], "digests": out["digests"]}
            if any(type(d) is not str for d in out["digests"]) or json.dumps(form, indent=1, ensure_ascii=False).encode() + b"\n" != raw:
                raise ValueError("not in the form of a bundle")
            self.withheld = set(out["digests"])
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            self.withheld = set()
            self.fault(0, "damaged", "record/withheld.json: %r" % e)

    def load_fields(self):
        place, seen = {}, set()
        for i, l in enumerate(self.lines):
            if l:
                place.setdefault(l["seq"], i)
        rows = self.c.files.get("record/disclosures.jsonl", b"").split(b"\n")
        for n, row in enumerate(rows, 1):
            if n == len(rows) and not row:
                break
            m = FIELDS.match(row)
            seq = int(m.group(1)) if m else 0
            if not 0 < seq < 2**63:
                self.fault(0, "damaged", "record/disclosures.jsonl: line %d cannot be read" % n)
                continue
            texts = m.group(2).decode()[1:-1].split('","') if m.group(2) else []
            if seq in seen:
                self.fault(seq, "foreign disclosure", "record/disclosures.jsonl has its fields twice")
            elif seq in place:
                self.fields[place[seq]] = texts
            elif texts:
                self.fault(seq, "foreign disclosure", "record/disclosures.jsonl has fields of an entry that is not there")
            seen.add(seq)

    # The record: heads, lines, fields, seals.

    def verify_record(self):
        self.tree = Tree([leaf_hash(b) for b in self.raw])
        heads = self.open_heads()
        self.check_lines(heads)
        erased = self.erased_digests()
        for i, l in enumerate(self.lines):
            self.counts["disclosures"] += len(self.fields[i])
            if l:
                self.check_fields(i, l, erased)
        self.check_seals()
        n, attested = len(self.raw), self.counts["attested"]
        if attested < n:
            self.note("no seal from outside vouches for entries %d to %d: whoever holds the signing key could have "
                      "written them anew, with their heads" % (attested + 1, n))

    def open_heads(self):
        notes, rest = split_heads(self.c.files.get("record/heads", b""))
        self.counts["heads"] = len(notes)
        if rest:
            self.fault(0, "bad head", "record/heads ends in %d bytes that are no signed head" % len(rest))
        if not notes:
            self.fault(0, "head removed", "there is no head in record/heads")
        found, last, named = [], 0, set()
        for i, signed in enumerate(notes, 1):
            where, strange = "head %d in record/heads" % i, ""
            try:
                head = open_head(signed, self.keys)
            except Malformed as e:
                head = None
                for name, key in self.claimed.items():
                    try:
                        head, strange = open_head(signed, {name: key}), name
                        break
                    except Malformed:
                        pass
                if head is None:
                    self.fault(0, "bad signature", "%s: %s" % (where, e))
                    continue
                if strange not in named:
                    named.add(strange)
                    self.fault(0, "bad signature", "%s: signed with a key that you did not name: %s" % (where, strange))
            if head[0].rsplit("/", 1)[-1] != self.incident:
                self.fault(0, "bad head", "%s: it is of incident %.60r" % (where, head[0].rsplit("/", 1)[-1]))
                continue
            if head[1] <= last:
                self.fault(head[1], "reordered", "%s: size %d after %d" % (where, head[1], last))
            last = max(last, head[1])
            found.append((head, strange))
        found.sort(key=lambda f: f[0][1])
        good = []
        for head, strange in found:
            if not strange:
                self.head = head
            if good and good[-1][1] == head[1]:
                if good[-1][2] != head[2]:
                    self.fault(head[1], "rewritten", "two signed heads of this size have different roots")
                continue
            good.append(head)
        return good

    def check_lines(self, heads):
        signed = heads[-1][1] if heads else 0
        bad = any(self.tree.root(h[1]) != h[2] for h in heads)
        if not bad and self.tree.size == signed:
            for i, l in enumerate(self.lines, 1):
                if not l or l["seq"] != i:
                    self.fault(i, "damaged", "the line was signed as it is, and cannot be read as entry %d of this incident" % i)
            return
        before = len(self.problems)
        leaves = self.kept[:signed]
        if heads and len(leaves) == signed and Tree(leaves).root(signed) == heads[-1][2]:
            self.align(leaves)
        else:
            self.by_number(signed)
            if len(self.problems) == before and bad:
                self.between(heads)
        if len(self.problems) == before:
            self.fault(0, "edited", "the record does not have the root that its heads signed")

    def align(self, leaves):
        """Finds for each line the leaf it was signed as."""
        number = {h: i for i, h in enumerate(leaves, 1)}
        there, stands = [False] * (len(leaves) + 1), []
        for i, b in enumerate(self.raw, 1):
            n = number.get(leaf_hash(b), 0)
            if n and there[n]:
                self.fault(n, "inserted", "a copy of it stands at place %d" % i)
                n = -1
            elif n:
                there[n] = True
            stands.append(n)
        highest = 0
        for i, n in enumerate(stands, 1):
            if 0 < n < highest:
                self.fault(n, "reordered", "it stands at place %d, behind entry %d" % (i, highest))
            elif n == 0:
                n = self.claim(i, highest + 1, there, len(leaves))
            highest = max(highest, n)
        self.gone(there[1:], len(leaves))

    def claim(self, place, n, there, signed):
        """Judges a line that was never signed."""
        l = self.lines[place - 1]
        n = l["seq"] if l else n
        if n > signed and l:
            self.fault(n, "unvouched", "no head vouches for it: it was added behind the signed record")
        elif n <= signed and not there[n]:
            there[n] = True
            self.fault(n, "edited", "its line at place %d is not the one that was signed" % place)
            return n
        else:
            self.fault(n, "inserted", "the line at place %d was never signed" % place)
        return 0

    def gone(self, there, signed):
        last = signed
        while last and not there[last - 1]:
            last -= 1
        for i in range(last):
            if not there[i]:
                self.fault(i + 1, "removed", "its line is gone")
        if last < signed:
            self.fault(last + 1, "truncated", "the heads vouch for %d entries, the record ends at %d; it was cut, or an old backup was restored" % (signed, last))

    def by_number(self, signed):
        there, highest, before = [False] * signed, 0, len(self.problems)
        for place, l in enumerate(self.lines, 1):
            n = l["seq"] if l else highest + 1
            if not l:
                self.fault(n, "edited", "the line at place %d cannot be read as one of this incident" % place)
            if n > signed:
                if signed:
                    self.fault(n, "unvouched", "no head vouches for it: it was added behind the signed record")
            elif there[n - 1]:
                self.fault(n, "inserted", "it is there again at place %d" % place)
            elif n < highest:
                self.fault(n, "reordered", "it stands at place %d, behind entry %d" % (place, highest))
            if n <= signed:
                there[n - 1] = True
            highest = max(highest, n)
        self.gone(there, signed)
        if not signed and self.lines and len(self.problems) == before:
            self.fault(1, "unvouched", "no head with a good signature vouches for any entry")

    def between(self, heads):
        good = 0
        for _, size, root in heads:
            if self.tree.root(size) != root:
                self.fault(good + 1, "edited", "an entry from %d to %d is not the one that was signed; later changes cannot be told apart" % (good + 1, size))
                return
            good = size

    def unseal(self, i):
        """The fields of an entry by name; None when one of them is not its own."""
        out = {}
        for text in self.fields[i]:
            if digest_of(text) not in self.lines[i]["_sd"]:
                return None
            try:
                name, value = parse_disclosure(text)
            except Malformed:
                return None
            if name in out:
                return None
            out[name] = value
        return out

    def of_kind(self, *kinds):
        for i, l in enumerate(self.lines):
            if l and l["kind"] in kinds:
                fields = self.unseal(i)
                if fields is not None:
                    yield l, fields

    def erased_digests(self):
        out = set()
        for l, fields in self.of_kind("erasure.done"):
            for f in fields.get("fields") or []:
                try:
                    seq, digest, name = f["seq"], f["digest"], f["name"]
                    target = self.lines[seq - 1] if type(seq) is int and 0 < seq < l["seq"] else None
                except (TypeError, KeyError, IndexError):
                    target, seq, digest, name = None, 0, "", ""
                if not target or digest not in target["_sd"]:
                    self.fault(l["seq"], "edited", "it says that a field of entry %s was erased, which that entry never had" % seq)
                    continue
                if not erasable(target["kind"], name):
                    self.fault(l["seq"], "edited", "it says that field %.60r of entry %d was erased, which may never be" % (name, seq))
                    continue
                out.add(digest)
        return out

    def check_fields(self, i, l, erased):
        missing, foreign, gone = set(l["_sd"]), [], 0
        for text in self.fields[i]:
            digest = digest_of(text)
            name = "that cannot be read"
            try:
                name = "%.60r" % parse_disclosure(text)[0]
            except Malformed as e:
                if digest in missing:
                    self.fault(i + 1, "damaged", "signed disclosure that cannot be read: %s" % e)
            if digest in missing:
                missing.discard(digest)
            else:
                foreign.append(name)
        for digest in sorted(missing):
            if digest in erased:
                self.counts["erased"] += 1
            elif digest in self.withheld:
                self.counts["withheld"] += 1
            else:
                gone += 1
                self.missing.append({"seq": l["seq"], "digest": digest})
        for name in foreign:
            if gone:
                gone -= 1
                self.fault(i + 1, "changed disclosure", "field %s is not the one that was signed" % name)
            else:
                self.fault(i + 1, "foreign disclosure", "field %s does not belong to the entry" % name)
        if gone:
            self.fault(i + 1, "missing disclosure", "%d of %d fields are gone, and no entry says why" % (gone, len(l["_sd"])))

    def check_seals(self):
        for text in self.seals:
            m = SEAL.match(text.strip())
            size = int(m.group(2))
            if m.group(1) != self.incident:
                self.fault(0, "bad head", "the seal is of incident %s" % m.group(1))
            elif size > len(self.raw):
                self.fault(len(self.raw) + 1, "truncated", "a seal from outside vouches for %d entries, there are %d" % (size, len(self.raw)))
            elif self.tree.root(size).hex() != m.group(3):
                self.fault(0, "rewritten", "the first %d entries are not those that the seal from outside vouches for" % size)
            else:
                self.counts["attested"] = max(self.counts["attested"], size)

    # What lies around the record.

    def checkpoint(self, size):
        root = self.tree.root(size)
        if root is None or not self.head:
            return None
        return "%s\n%d\n%s\n" % (self.head[0], size, base64.b64encode(root).decode())

    def checkpoints(self):
        for name in sorted(self.c.files):
            m = re.match(r"record/checkpoints/(0|[1-9][0-9]{0,17})\.txt\Z", name)
            if m:
                want = self.checkpoint(int(m.group(1)))
                if want is None or want.encode() != self.c.files[name]:
                    self.fault(int(m.group(1)), "rewritten", "%s is not what the record of that size hashes to" % name)

    def people(self):
        """Lists what people and authorities signed: ssh-keygen and openssl check it."""
        count, stamps = {}, {}
        for l, f in self.of_kind("head.signed", "head.stamped"):
            size, signed, token = f.get("size"), f.get("signature"), f.get("token")
            fits = type(size) is int and 0 < size < l["seq"]
            if l["kind"] == "head.stamped":
                self.vouched(l, self.incident, size, f.get("root"), "time-stamped")
                if fits and token:
                    stamps[size] = stamps.get(size, 0) + 1
                    self.stamps.append("record/checkpoints/%d%s.tsr" % (size, "" if stamps[size] == 1 else ".%d" % stamps[size]))
            elif type(signed) is dict and signed.get("armored"):
                lines = str(signed.get("text")).split("\n")
                if len(lines) == 4 and lines[1].isdigit():
                    self.vouched(l, lines[0], int(lines[1]), lines[2], "signed")
                if fits:
                    count[size] = count.get(size, 0) + 1
                    self.listed_signature(l, signed, "the head of %d entries" % size, "record/checkpoints/%d.%d.sig" % (size, count[size]))
        fields = {"signature": "by", "from_signature": "from", "to_signature": "to"}
        for l, f in self.of_kind("action.approved", "action.rejected", "erasure.agreed", "custody.transferred", "custody.accepted"):
            if l["kind"] in ("action.approved", "erasure.agreed"):
                self.as_strong(l, f)
            for field, short in fields.items():
                signed = f.get(field)
                if type(signed) is dict and signed.get("armored"):
                    self.listed_signature(l, signed, l["kind"], "record/signatures/%d.%s.sig" % (l["seq"], short))
        self.signatures.sort(key=lambda s: s["seq"])

    def listed_signature(self, l, signed, what, file):
        self.signatures.append({"seq": l["seq"], "what": what, "principal": str(signed.get("principal")), "key": str(signed.get("key")),
                                "namespace": str(signed.get("namespace")), "file": file})

    def as_strong(self, l, f):
        """A yes that was signed has its signature, unless that was withheld or erased."""
        strength, signed = f.get("strength"), f.get("signature")
        if strength not in ("pasted", "key file", "agent", "hardware"):
            return
        if signed is None and len(f) == len(l["_sd"]):
            self.fault(l["seq"], "bad signature of a person", "it says that it was signed (%s), and there is no signature" % strength)
        elif type(signed) is dict and (signed.get("strength") or "") != strength:
            self.fault(l["seq"], "bad signature of a person", "it says %.20r of its strength, and its signature says %.20r" % (strength, signed.get("strength") or ""))

    def vouched(self, l, origin, size, root, how):
        """A head that somebody signed or stamped must be one of this record."""
        ours = self.head[0] if self.head and how == "signed" else origin
        if origin.rsplit("/", 1)[-1] != self.incident or origin != ours:
            self.fault(l["seq"], "bad signature of a person", "the head that was %s is of another record: %.100r" % (how, origin))
            return
        want = self.tree.root(size) if type(size) is int and 0 < size < l["seq"] else None
        if want is None or root not in (want.hex(), base64.b64encode(want).decode()):
            self.fault(l["seq"], "rewritten", "the head of %s entries that was %s is not one of this record" % (size, how))

    def evidence(self):
        sealed, holder = {}, {}
        for l, f in self.of_kind("evidence.sealed"):
            x = f.get("exhibit")
            if type(x) is str and EXHIBIT.match(x) and x not in sealed:
                sealed[x] = (l["seq"], f.get("size"), f.get("sha256"))
                holder.setdefault(f.get("sha256") or "", x)
        expected = {n for n in list(self.listed) + list(self.c.sums) if BLOB.match(n)}
        try:
            found, left = set(), 0
            for x in json.loads(self.c.files.get("evidence/manifest.json", b"").decode())["exhibits"]:
                if type(x["exhibit"]) is not str or type(x.get("file") or "") is not str:
                    raise ValueError("an exhibit without a name")
                if not x.get("file"):
                    left += 1
                elif EXHIBIT.match(x["exhibit"]):
                    found.add("evidence/%s.bin" % x["exhibit"])
            expected |= found
            self.counts["left_out"] = left
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
            self.fault(0, "damaged", "evidence/manifest.json: %r" % e)
        for name in sorted(expected):
            x = BLOB.match(name).group(1)
            seq, size, digest = sealed.get(x, (0, None, None))
            if name not in self.c.sums:
                self.fault(seq, "exhibit missing", "%s is not there" % name)
                continue
            got = self.c.sums[name]
            if not seq or not digest:
                self.fault(seq, "inserted", "%s: the record of this bundle does not say what exhibit %s hashes to" % (name, x))
            elif got == (size, digest):
                self.counts["exhibits"] += 1
            elif holder.get(got[1], x) != x:
                self.fault(seq, "exhibit swapped", "%s has the bytes of exhibit %s" % (name, holder[got[1]]))
            else:
                self.fault(seq, "exhibit damaged", "%s: %d bytes, sha256 %s; sealed were %s bytes, sha256 %s" % (name, got[0], got[1], size, digest))

    def limits(self):
        if not self.given:
            self.note("the keys that signed (%s) are the bundle's own word: compare them with what the maker says by another way, "
                      "or give --key" % ", ".join(self.keys))
        if self.counts["withheld"]:
            self.note("%d fields were withheld by the maker (profile %s): the digests in the lines hold their place, what they "
                      "say cannot be known from here" % (self.counts["withheld"], self.profile))
        if self.counts["left_out"]:
            self.note("the bytes of %d exhibits are not in this bundle and were not checked" % self.counts["left_out"])
        for s in self.signatures:
            self.note("%s signed %s (entry %d): not checked here; ssh-keygen does it with %s" % (s["principal"], s["what"], s["seq"], s["file"]))
        if not self.signatures:
            self.note("no signature of a person is in this bundle: names and pseudonyms are the claim of whoever had the workspace")
        for name in self.stamps:
            self.note("a time-stamp, not checked here; openssl does it with %s" % name)
        if not self.stamps:
            self.note("no outside authority stamped the time: all times are what the maker's machine said")


# --- The command --------------------------------------------------------------


def shown(text):
    """Foreign text, harmless to a terminal."""
    return "".join(ch if ch.isprintable() and ch != "\\" else ch.encode("unicode_escape").decode() for ch in str(text))


def main():
    a = argparse.ArgumentParser(description="Verify a firebreak bundle: an archive, or the folder it was unpacked into.")
    here = os.path.dirname(os.path.abspath(__file__))
    a.add_argument("bundle", nargs="?", default=here, help="the archive or folder; without it, the folder that this program is in")
    a.add_argument("--seal", action="append", default=[], help='a head that was kept elsewhere: "2026-0007 @12 9f2c..."')
    a.add_argument("--key", action="append", default=[], help="the maker's verifier key, known from elsewhere")
    a.add_argument("--json", action="store_true", help="print the result as JSON")
    o = a.parse_args()
    for s in o.seal:
        if not SEAL.match(s.strip()):
            a.error("the seal must be the incident, @size and 64 hexadecimal digits")
    try:
        v = Verifier(o.seal, parse_keys(o.key))
        if os.path.isdir(o.bundle):
            v.run(read_folder(o.bundle))
        else:
            with open(o.bundle, "rb") as f:
                if f.read(19) == b"age-encryption.org/":
                    a.error("it is encrypted; open it first: age -d -i KEY -o bundle.tar.gz " + o.bundle)
            v.run(read_archive(o.bundle))
    except Unreadable as e:
        v.fault(0, "bad archive", "not an archive as firebreak writes it: %s" % e)
        v.note("the archive could not be read to its end, so nothing in it was verified")
    except (Malformed, OSError) as e:
        a.error(shown(e))
    if o.json:
        out = dict(v.counts, incident=v.incident, problems=v.problems, notes=v.notes, missing=v.missing, signatures=v.signatures,
                   stamps=v.stamps, seal=v.seal(), bundle={"profile": v.profile})
        print(json.dumps(out))
        return 6 if v.problems else 0
    for p in v.problems:
        where = "entry %d: " % p["seq"] if "seq" in p else ""
        print("PROBLEM  %s%s: %s" % (where, p["what"], shown(p["where"])))
    for m in v.missing:
        print("missing  entry %d: the field with digest %s" % (m["seq"], m["digest"]))
    for n in v.notes:
        print("note     " + shown(n))
    n = v.counts
    print("%s %s: %d entries, %d heads, %d exhibits; fields: %d disclosed, %d withheld, %d erased with a record, %d missing without a record" % (
        shown(v.incident), "NOT VERIFIED" if v.problems else "verified", n["entries"], n["heads"], n["exhibits"],
        n["disclosures"], n["withheld"], n["erased"], len(v.missing)))
    if v.head:
        print(shown(v.seal()))
    return 6 if v.problems else 0


if __name__ == "__main__":
    sys.exit(main())
