package forensics

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Limits on what the kernel's answers may make us do.
const (
	nlBuffer  = 1 << 20
	nlTries   = 4 // a dump that changed under our hands is asked for again
	nlWaiting = 3 * time.Second
)

// nlsock is a netlink socket. It stays in the network namespace in which it was
// made.
type nlsock struct {
	fd  int
	seq uint32
	buf []byte
}

// openNetlink opens a socket in the network namespace of the process, or in the
// one that ns is a descriptor of (≥ 0). A thread that has changed its namespace
// is never used for anything else: it ends with its goroutine. The main thread
// cannot end, and what /proc/self says is said of it: it stays where it is.
func openNetlink(family, ns int) (*nlsock, error) {
	type answer struct {
		fd  int
		err error
	}
	got := make(chan answer, 1)
	open := func() {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
		got <- answer{fd, err}
	}
	var there func()
	there = func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() { // held until another thread has done it
			defer runtime.UnlockOSThread()
			done := make(chan struct{})
			go func() {
				defer close(done)
				there()
			}()
			<-done
			return
		}
		if err := unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			got <- answer{-1, err}
			return
		}
		open()
	}
	if ns >= 0 {
		go there()
	} else {
		open()
	}
	a := <-got
	if a.err != nil {
		return nil, a.err
	}
	s := &nlsock{fd: a.fd, buf: make([]byte, nlBuffer)}
	limit := unix.NsecToTimeval(int64(nlWaiting))
	err := unix.SetsockoptTimeval(a.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
	if err == nil {
		err = unix.Bind(a.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *nlsock) close() error { return unix.Close(s.fd) }

// errInterrupted says that what was dumped changed meanwhile.
var errInterrupted = errors.New("changed while it was read")

// dump asks for all objects of a kind and calls f with each answer, whose bytes
// are only lent. interrupted says that the kernel's list changed on the way: some
// may be missing.
func (s *nlsock) dump(ctx context.Context, kind uint16, body []byte, f func(nlmsg) error) error {
	s.seq++
	req := binary.NativeEndian.AppendUint32(nil, uint32(nlHeader+len(body))) //nolint:gosec // our own short request
	req = binary.NativeEndian.AppendUint16(req, kind)
	req = binary.NativeEndian.AppendUint16(req, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	req = binary.NativeEndian.AppendUint32(req, s.seq)
	req = binary.NativeEndian.AppendUint32(req, 0)
	req = append(req, body...)
	if err := unix.Sendto(s.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	interrupted := false
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, _, err := unix.Recvfrom(s.fd, s.buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			return refuse("no answer of the kernel within %s", nlWaiting)
		}
		if err != nil {
			return err
		}
		list, ok := nlMessages(s.buf[:n])
		if !ok {
			return refuse("the kernel's answer is cut")
		}
		for _, m := range list {
			if m.seq != s.seq {
				continue
			}
			interrupted = interrupted || m.flags&unix.NLM_F_DUMP_INTR != 0
			switch m.kind {
			case unix.NLMSG_DONE:
				if code := int32(native32(m.body)); code < 0 { //nolint:gosec // a negative errno
					return unix.Errno(-code)
				}
				if interrupted {
					return errInterrupted
				}
				return nil
			case unix.NLMSG_ERROR:
				if code := int32(native32(m.body)); code != 0 { //nolint:gosec // a negative errno
					return unix.Errno(-code) //nolint:gosec // a negative errno
				}
			default:
				if err := f(m); err != nil {
					return err
				}
			}
		}
	}
}

// collectDump is dump into a list, asked again while the kernel's own changes.
// The last answer is kept even when it changed: note then says so.
func (s *nlsock) collectDump(ctx context.Context, kind uint16, body []byte, limit int) (out []nlmsg, note string, err error) {
	for range nlTries {
		out, note = out[:0], ""
		err = s.dump(ctx, kind, body, func(m nlmsg) error {
			if len(out) >= limit {
				note = fmt.Sprintf("more than %d: the rest is not kept", limit)
				return nil
			}
			m.body = bytes.Clone(m.body)
			out = append(out, m)
			return nil
		})
		if !errors.Is(err, errInterrupted) {
			return out, note, err
		}
	}
	return out, errInterrupted.Error(), nil
}

// kernelHas says whether a part of the kernel is there without being loaded for
// us: asking for one that is not there would make the kernel run modprobe, which
// is a program of the host's, and change what we came to see. known is false
// where that cannot be told.
type kernelParts struct {
	static  bool // a kernel without loadable modules: what it lacks it refuses
	loaded  map[string]bool
	builtin map[string]bool // nil is unknown
}

// kernelParts reads what is loaded and what was built in.
func (c *collection) kernelParts() *kernelParts {
	if c.parts != nil {
		return c.parts
	}
	k := &kernelParts{loaded: map[string]bool{}}
	c.parts = k
	b, err := os.ReadFile("/proc/modules")
	if err != nil {
		k.static = errors.Is(err, os.ErrNotExist)
		return k
	}
	list, _ := parseModules(b)
	for _, m := range list {
		k.loaded[m.Name] = true
	}
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return k
	}
	built, err := c.small(path.Join("/lib/modules", unix.ByteSliceToString(u.Release[:]), "modules.builtin"), 1<<20)
	if err != nil {
		return k
	}
	k.builtin = map[string]bool{}
	for line := range strings.Lines(string(built)) {
		name, _, _ := strings.Cut(path.Base(strings.TrimSpace(line)), ".ko")
		k.builtin[strings.ReplaceAll(name, "-", "_")] = true
	}
	return k
}

// has says whether all the named modules are there, and why not.
func (k *kernelParts) has(names ...string) (bool, string) {
	if k.static {
		return true, ""
	}
	i := slices.IndexFunc(names, func(n string) bool { return !k.loaded[n] && !k.builtin[n] })
	switch {
	case i < 0:
		return true, ""
	case k.builtin == nil:
		return false, names[i] + " is not known to be in the kernel, and asking might load it"
	}
	return false, names[i] + " is not loaded, and asking would load it"
}
