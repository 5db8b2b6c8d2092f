# What firebreak brings to a host that has no firebreak: it reads and signals
# processes, and takes files out of their place and puts them back. It is run as
# python3 -I -B -c TEXT VERB ARGUMENT..., and prints one line of JSON.
import base64
import ctypes
import errno
import hashlib
import json
import os
import signal
import stat
import sys

MAX_XATTRS = 64 << 10
MAX_FILE = 4 << 30


class Refused(Exception):
    def __init__(self, why, hint=""):
        Exception.__init__(self, why)
        self.hint = hint


class Missing(Exception):
    pass


def stat_of(pid):
    try:
        with open("/proc/%d/stat" % pid, "rb") as f:
            text = f.read().decode("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        raise Missing()
    begin, end = text.index("("), text.rindex(")")
    return text[begin + 1 : end], text[end + 1 :].split()


def session():
    pid, out = os.getpid(), set()
    while pid > 0 and pid not in out and len(out) < 1000:
        out.add(pid)
        try:
            pid = int(stat_of(pid)[1][1])
        except Missing:
            break
    return out


def process(pid):
    pid = int(pid)
    name, rest = stat_of(pid)
    out = {"pid": pid, "name": name, "state": rest[0], "parent": int(rest[1]), "start": int(rest[19]), "kernel": bool(int(rest[6]) & 0x200000)}
    out.update(uid=-1, leader=False, exe="", cmdline="", ours=pid in session())
    try:
        with open("/proc/%d/status" % pid, "rb") as f:
            for line in f.read().decode("utf-8", "replace").splitlines():
                word = line.split()
                if line.startswith("Tgid:"):
                    out["leader"] = word[1] == str(pid)
                if line.startswith("Uid:"):
                    out["uid"] = int(word[1])
    except (FileNotFoundError, ProcessLookupError):
        raise Missing()
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            out["cmdline"] = f.read(512).replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        pass  # it ended meanwhile, or it is not ours to read
    try:
        out["exe"] = os.readlink(b"/proc/%d/exe" % pid).decode("utf-8", "replace")
    except OSError:
        pass  # a thread of the kernel, or not ours to read
    return out


def same(pid, start):
    try:
        name, rest = stat_of(pid)
    except Missing:
        raise Refused("process %d: it has ended" % pid)
    if int(rest[19]) != start:
        raise Refused("process %d: the one meant has ended; the number belongs to %s now" % (pid, name), "look for it anew")


def send(pid, start, name):
    pid, start = int(pid), int(start)
    number = {"SIGSTOP": signal.SIGSTOP, "SIGCONT": signal.SIGCONT, "SIGKILL": signal.SIGKILL}[name]
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    fd = call(ctypes.c_long(434), ctypes.c_long(pid), ctypes.c_long(0))  # pidfd_open
    if fd < 0:
        e = ctypes.get_errno()
        if e == errno.ENOSYS:
            raise Refused("process %d: the kernel has no pidfd" % pid, "it needs Linux 5.3")
        raise Refused("open process %d: %s" % (pid, os.strerror(e)), "it has ended" if e == errno.ESRCH else "")
    same(pid, start)
    if call(ctypes.c_long(424), ctypes.c_long(fd), ctypes.c_long(number), ctypes.c_long(0), ctypes.c_long(0)) < 0:
        e = ctypes.get_errno()
        raise Refused("signal process %d: %s" % (pid, os.strerror(e)), "it belongs to another user: be root, or that user" if e == errno.EPERM else "")
    return {}


def digest(f):
    h = hashlib.sha256()
    n = 0
    while True:
        b = f.read(1 << 20)
        if not b:
            return h.hexdigest(), n
        n += len(b)
        if n > MAX_FILE:
            raise Refused("the file is larger than %d bytes" % MAX_FILE)
        h.update(b)


def image(pid, start):
    pid, start = int(pid), int(start)
    out = {"sha256": "", "mapped": []}
    try:
        with open("/proc/%d/exe" % pid, "rb") as f:
            out["sha256"] = digest(f)[0]
    except OSError:
        pass  # not ours to read
    try:
        with open("/proc/%d/maps" % pid, "rb") as f:
            for line in f:
                part = line.decode("utf-8", "replace").split(None, 5)
                if len(part) == 6 and "x" in part[1] and part[5].startswith("/") and part[5].strip() not in out["mapped"]:
                    out["mapped"].append(part[5].strip())
    except OSError:
        pass  # as above
    out["mapped"] = sorted(out["mapped"])[:64]
    same(pid, start)
    return out


def folder_of(path):
    part = path.split("/")[1:]
    fd = os.open("/", os.O_PATH | os.O_DIRECTORY)
    for p in part[:-1]:
        try:
            down = os.open(p, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
        except FileNotFoundError:
            raise Missing()
        except OSError as e:
            if e.errno in (errno.ENOTDIR, errno.ELOOP):
                raise Refused("open %s: %s is a symbolic link, or no folder" % (path, p), "give the path that it leads to")
            raise
        finally:
            os.close(fd)
        fd = down
    return fd, part[-1]


def opened(path, fd, name):
    try:
        st = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        raise Missing()
    if not stat.S_ISREG(st.st_mode):
        raise Refused("open %s: it is no regular file" % path)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        f = os.open(name, flags | os.O_NOATIME, dir_fd=fd)
    except PermissionError:
        f = os.open(name, flags, dir_fd=fd)  # another's file
    now = os.fstat(f)
    if (now.st_dev, now.st_ino) != (st.st_dev, st.st_ino):
        raise Refused("open %s: it was replaced meanwhile" % path, "look again")
    return os.fdopen(f, "rb"), now


def xattrs(f):
    out, size = {}, 0
    try:
        names = os.listxattr(f.fileno())
    except OSError as e:
        if e.errno == errno.ENOTSUP:
            return out
        raise
    for n in names:
        v = os.getxattr(f.fileno(), n)
        size += len(n) + len(v)
        if size > MAX_XATTRS:
            raise Refused("the file has more than %d bytes of extended attributes" % MAX_XATTRS)
        out[n] = base64.b64encode(v).decode()
    return out


def vital(st):
    own = set()
    try:
        s = os.stat("/proc/1/exe")
        own.add((s.st_dev, s.st_ino))
        with open("/proc/1/maps", "rb") as f:
            for line in f:
                part = line.split(None, 5)
                major, minor = part[3].split(b":")
                own.add((os.makedev(int(major, 16), int(minor, 16)), int(part[4])))
    except OSError:
        pass  # not root: then these files are out of reach, too
    return (st.st_dev, st.st_ino) in own


def described(path, f, st):
    sha, size = digest(f)
    return {
        "path": path, "sha256": sha, "size": size, "mode": stat.S_IMODE(st.st_mode), "uid": st.st_uid, "gid": st.st_gid,
        "mtime": st.st_mtime_ns, "links": st.st_nlink, "xattrs": xattrs(f), "vital": vital(st),
    }


def look(path):
    fd, name = folder_of(path)
    f, st = opened(path, fd, name)
    return described(path, f, st)


def own_folder(path, make):
    # Each folder on the way is ours or root's, the last is ours alone.
    fd = os.open("/", os.O_PATH | os.O_DIRECTORY)
    part = path.split("/")[1:]
    for i, p in enumerate(part):
        if make:
            try:
                os.mkdir(p, 0o700, dir_fd=fd)
            except FileExistsError:
                pass
        try:
            down = os.open(p, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
        except FileNotFoundError:
            raise Missing()
        except NotADirectoryError:
            raise Refused("open %s: %s is a symbolic link, or no folder" % (path, p))
        os.close(fd)
        fd = down
    st = os.fstat(fd)
    if st.st_uid != os.geteuid() or st.st_mode & 0o077:
        raise Refused("folder %s: it belongs to user %d and has mode %o" % (path, st.st_uid, stat.S_IMODE(st.st_mode)), "it must be ours alone: mode 700")
    return fd


def kept(folder, id):
    fd = own_folder(folder + "/" + id, False)
    try:
        with os.fdopen(os.open("meta.json", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd), "rb") as f:
            meta = json.loads(f.read(1 << 20).decode())
        f = os.fdopen(os.open("content", os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd), "rb")
    except FileNotFoundError:
        raise Missing()
    if digest(f)[0] != meta["sha256"]:
        raise Refused("quarantine %s: its content is not what was put there" % id)
    f.seek(0)
    return meta, f, fd


def quarantined(folder, id):
    return kept(folder, id)[0]


def empty(fd):
    for n in ("meta.json", "content", "meta.json.new"):
        try:
            os.unlink(n, dir_fd=fd)
        except FileNotFoundError:
            pass


def write(fd, name, mode, f):
    out = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=fd)
    with os.fdopen(out, "wb") as w:
        h = hashlib.sha256()
        while True:
            b = f.read(1 << 20)
            if not b:
                break
            h.update(b)
            w.write(b)
        w.flush()
        os.fsync(w.fileno())
    return h.hexdigest()


def quarantine(path, sha, folder, id):
    fd, name = folder_of(path)
    f, st = opened(path, fd, name)
    meta = described(path, f, st)
    if meta["sha256"] != sha:
        raise Refused("quarantine %s: it is not the file that was planned for" % path, "plan it anew")
    if meta["vital"]:
        raise Refused("quarantine %s: the host stands on it" % path)
    del meta["vital"]
    try:
        quarantined(folder, id)
    except Missing:
        own_folder(folder, True)
        to = own_folder(folder + "/" + id, True)
        empty(to)
        try:
            f.seek(0)
            if write(to, "content", 0o400, f) != sha:
                raise Refused("quarantine %s: it changes while it is read" % path, "stop what writes it first")
            out = os.open("meta.json.new", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400, dir_fd=to)
            with os.fdopen(out, "wb") as w:
                w.write(json.dumps(meta).encode())
                w.flush()
                os.fsync(w.fileno())
            os.rename("meta.json.new", "meta.json", src_dir_fd=to, dst_dir_fd=to)
            os.fsync(to)
        except BaseException:
            empty(to)
            raise
    now = os.stat(name, dir_fd=fd, follow_symlinks=False)
    if (now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns) != (st.st_dev, st.st_ino, st.st_size, st.st_mtime_ns):
        raise Refused("quarantine %s: it was replaced meanwhile" % path, "plan it anew")
    try:
        os.unlink(name, dir_fd=fd)
    except PermissionError:
        raise Refused("take %s away: not permitted" % path, "the folder is not ours to write, or the file is immutable: lsattr, chattr -i")
    sync(path)
    return {}


def sync(path):
    d = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(d)
    os.close(d)


def restore(path, sha, folder, id):
    meta, f, store = kept(folder, id)
    if meta["sha256"] != sha or meta["path"] != path:
        raise Refused("restore %s: quarantine %s keeps another file" % (path, id))
    try:
        fd, name = folder_of(path)
    except Missing:
        raise Refused("restore %s: its folder is gone" % path, "make the folder again first")
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
        raise Refused("restore %s: the place is taken" % path, "move away what is there")
    except FileNotFoundError:
        pass
    new = ".firebreak-" + id
    try:
        os.unlink(new, dir_fd=fd)
    except FileNotFoundError:
        pass
    if write(fd, new, 0o600, f) != sha:
        raise Refused("restore %s: quarantine %s changed meanwhile" % (path, id))
    try:
        out = os.open(new, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd)
        own = os.fstat(out)
        if (own.st_uid, own.st_gid) != (meta["uid"], meta["gid"]):
            os.fchown(out, meta["uid"], meta["gid"])
        for n, v in sorted((meta.get("xattrs") or {}).items()):
            os.setxattr(out, n, base64.b64decode(v))
        os.fchmod(out, meta["mode"])
        os.utime(out, ns=(meta["mtime"], meta["mtime"]))
        os.fsync(out)
        os.close(out)
        os.link(new, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
    except FileExistsError:
        raise Refused("restore %s: the place is taken" % path, "move away what is there")
    finally:
        os.unlink(new, dir_fd=fd)
    sync(path)
    empty(store)
    os.rmdir(folder + "/" + id)
    return {}


VERBS = {
    "process": process, "signal": send, "image": image, "file": look,
    "quarantine": quarantine, "quarantined": quarantined, "restore": restore,
}

try:
    result = {"ok": VERBS[sys.argv[1]](*sys.argv[2:])}
except Missing:
    result = {"missing": True}
except Refused as e:
    result = {"refused": str(e), "hint": e.hint}
except PermissionError as e:
    result = {"refused": "%s: %s" % (sys.argv[1], e), "hint": "the account may not: be root, or say sudo: true"}
except OSError as e:
    result = {"refused": "%s: %s" % (sys.argv[1], e), "hint": ""}
print(json.dumps(result))
