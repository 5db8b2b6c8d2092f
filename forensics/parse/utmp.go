package parse

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"firebreak/timeline"
)

// utmpLayout is how glibc lays a login record out on one family of machines.
// Where ut_session and the time are 64 bits wide a record has 400 bytes.
type utmpLayout struct {
	name  string
	size  int
	order binary.ByteOrder
	wide  bool
}

func utmpLayouts() []utmpLayout {
	return []utmpLayout{
		{"384 bytes, little endian", 384, binary.LittleEndian, false},
		{"400 bytes, little endian", 400, binary.LittleEndian, true},
		{"400 bytes, big endian", 400, binary.BigEndian, true},
		{"384 bytes, big endian", 384, binary.BigEndian, false},
	}
}

// The types of utmp(5).
const (
	utmpEmpty = iota
	utmpRunLevel
	utmpBoot
	utmpNewTime
	utmpOldTime
	utmpInit
	utmpLogin
	utmpUser
	utmpDead
	utmpAccounting
)

// utmpRecord is one login record.
type utmpRecord struct {
	kind           int
	pid            int32
	line, id, user string
	host           string
	exit, term     int16
	session        int64
	sec, usec      int64
	addr           netip.Addr
	zero, odd      bool // all bytes zero; a text field is not text
}

// read takes the fields out of one record of the layout's size.
func (l utmpLayout) read(b []byte) utmpRecord {
	o := l.order
	r := utmpRecord{
		kind: int(int16(o.Uint16(b))), pid: int32(o.Uint32(b[4:])), //nolint:gosec // the field is signed
		exit: int16(o.Uint16(b[334:])), term: int16(o.Uint16(b[332:])), //nolint:gosec // the field is signed
		zero: len(bytes.Trim(b, "\x00")) == 0,
	}
	at := 340
	if l.wide {
		r.session = int64(o.Uint64(b[336:])) //nolint:gosec // the field is signed
		r.sec = int64(o.Uint64(b[344:]))     //nolint:gosec // the field is signed
		r.usec = int64(o.Uint64(b[352:]))    //nolint:gosec // the field is signed
		at = 360
	} else {
		r.session = int64(o.Uint32(b[336:]))
		r.sec = int64(o.Uint32(b[at:]))
		r.usec = int64(o.Uint32(b[at+4:]))
		at = 348
	}
	var odd [4]bool
	r.line, odd[0] = cString(b[8:40])
	r.id, odd[1] = cString(b[40:44])
	r.user, odd[2] = cString(b[44:76])
	r.host, odd[3] = cString(b[76:332])
	r.odd = odd[0] || odd[2] || odd[3]
	r.addr = utmpAddress(b[at : at+16])
	return r
}

// cString reads a field that ends at the first NUL; odd says that it holds
// control characters or is not UTF-8.
func cString(b []byte) (s string, odd bool) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	for _, c := range b {
		if c < 0x20 || c == 0x7f {
			odd = true
		}
	}
	s, escaped := clean(b)
	return s, odd || escaped
}

// utmpAddress reads ut_addr_v6, which is in network order; an IPv4 address has
// only its first four bytes.
func utmpAddress(b []byte) netip.Addr {
	if len(bytes.Trim(b, "\x00")) == 0 {
		return netip.Addr{}
	}
	if len(bytes.Trim(b[4:], "\x00")) == 0 {
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	return netip.AddrFrom16([16]byte(b))
}

// valid says whether the bytes can be a record: a known type and a time whose
// microseconds are some.
func (r utmpRecord) valid() bool {
	if r.kind < utmpEmpty || r.kind > utmpAccounting || r.usec < 0 || r.usec >= 1e6 {
		return false
	}
	return r.sec >= 0 && r.sec < maxSeconds
}

// utmpLayoutOf picks the layout that makes most sense of the first records.
func utmpLayoutOf(head []byte) (best utmpLayout, share float64) {
	best = utmpLayouts()[0]
	for _, l := range utmpLayouts() {
		points, seen := 0.0, 0.0
		for at := 0; at+l.size <= len(head) && seen < 64; at += l.size {
			r := l.read(head[at:])
			seen++
			dated := r.valid() && r.sec > 300_000_000 && r.sec < 4_200_000_000
			switch {
			case r.zero:
				points += 0.2
			case dated && r.kind == utmpEmpty && !r.odd:
				points += 0.5
			case dated && r.kind != utmpEmpty && r.odd:
				points += 0.7
			case dated && r.kind != utmpEmpty:
				points++
			}
		}
		if seen > 0 && points/seen > share {
			best, share = l, points/seen
		}
	}
	return best, share
}

// parseUtmp reads utmp and wtmp, and btmp where the file has its name, in the
// layout that makes most sense of the first records.
//
// Reference: glibc, bits/utmp.h; utmp(5).
func parseUtmp(j *job, r *bufio.Reader) error {
	return parseLogins(j, r, strings.HasPrefix(path.Base(j.src.Exhibit.Source), "btmp"))
}

func parseBtmp(j *job, r *bufio.Reader) error { return parseLogins(j, r, true) }

// parseLogins makes one event of each record of utmp, wtmp or btmp; failed says
// that it is btmp, where each record is a failed login.
func parseLogins(j *job, r *bufio.Reader, failed bool) error {
	head, err := r.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errDamaged) {
		return err
	}
	layout, _ := utmpLayoutOf(head)
	if len(head) > 0 {
		j.note("records of " + layout.name)
	}
	return eachRecord(j, r, layout.size, func(offset int64, b []byte) error {
		rec := layout.read(b)
		if !rec.valid() {
			j.reject(offset, nil, fmt.Sprintf("no login record: type %d, time %d.%06d", rec.kind, rec.sec, rec.usec))
			return nil
		}
		e := rec.event(failed)
		if rec.zero { // in utmp it is a slot that is free, in wtmp it was wiped
			e.Attributes.Set("path", j.src.Exhibit.Source)
		}
		return j.add(offset, e)
	})
}

// eachRecord calls f for every record of size bytes; a cut last one is
// rejected.
func eachRecord(j *job, r io.Reader, size int, f func(offset int64, b []byte) error) error {
	b := make([]byte, size)
	for offset := int64(0); ; offset += int64(size) {
		if offset/int64(size)%4096 == 0 {
			if err := j.ctx.Err(); err != nil {
				return err
			}
		}
		n, err := io.ReadFull(r, b)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			j.reject(offset, nil, fmt.Sprintf("record is cut: %d of %d bytes", n, size))
			return nil
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := f(offset, b); err != nil {
			return err
		}
	}
}

// event tells one record.
func (r utmpRecord) event(failed bool) timeline.Event {
	e := timeline.Event{Source: "utmp", Precision: timeline.Microsecond, TimeKind: timeline.Logged}
	a := &e.Attributes
	a.Set("type", utmpTypeName(r.kind))
	if t, ok := epoch(r.sec, r.usec*1000); ok {
		e.Time = t
	}
	if r.zero {
		e.Message = "record of zeros: a slot never used, or wiped"
		return e
	}
	if r.kind >= utmpInit || r.kind == utmpEmpty || failed {
		e.User = r.user
	} else if r.user != "" { // "reboot", "shutdown", "runlevel": no people
		a.Set("ut_user", r.user)
	}
	if r.pid != 0 {
		a.Set("pid", strconv.Itoa(int(r.pid)))
	}
	if r.line != "" {
		a.Set("tty", r.line)
	}
	if r.id != "" {
		a.Set("terminal_id", r.id)
	}
	if r.session != 0 {
		a.Set("session", strconv.FormatInt(r.session, 10))
	}
	if r.exit != 0 || r.term != 0 {
		a.Set("exit", fmt.Sprintf("%d, signal %d", r.exit, r.term))
	}
	if r.host != "" {
		a.Set("ut_host", r.host)
	}
	if r.addr.IsValid() {
		a.Set(attrSrcIP, r.addr.Unmap().String())
	} else if r.kind >= utmpLogin {
		from(a, r.host)
	}
	r.tell(&e, failed)
	return e
}

// tell writes the message and the kind of time.
func (r utmpRecord) tell(e *timeline.Event, failed bool) {
	a := &e.Attributes
	origin := ""
	if r.host != "" {
		origin = " from " + r.host
	} else if ip := a.Get(attrSrcIP); ip != "" {
		origin = " from " + ip
	}
	switch {
	case failed:
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "failure")
		e.Message = "failed login of " + named(r.user) + " on " + named(r.line) + origin
	case r.kind == utmpUser:
		e.TimeKind = timeline.Started
		a.Set(attrAction, "login")
		a.Set(attrOutcome, "success")
		e.Message = "login of " + named(r.user) + " on " + named(r.line) + origin
	case r.kind == utmpDead:
		e.TimeKind = timeline.Ended
		a.Set(attrAction, "logout")
		e.Message = "end of session on " + named(r.line)
		if r.user != "" {
			e.Message = "logout of " + r.user + " on " + named(r.line)
		}
	case r.kind == utmpBoot:
		e.TimeKind = timeline.Started
		a.Set(attrAction, "boot")
		e.Message = "boot, kernel " + named(r.host)
	case r.kind == utmpRunLevel && r.user == "shutdown":
		e.TimeKind = timeline.Ended
		a.Set(attrAction, "shutdown")
		e.Message = "shutdown, kernel " + named(r.host)
	case r.kind == utmpRunLevel:
		level := byte(r.pid) //nolint:gosec // the low byte is the level, the next one the level before
		a.Set(attrAction, "runlevel")
		e.Message = "run level " + strconv.QuoteRune(rune(level))
	case r.kind == utmpNewTime, r.kind == utmpOldTime:
		a.Set(attrAction, "clock")
		e.Message = map[bool]string{true: "clock set: time after", false: "clock set: time before"}[r.kind == utmpNewTime]
	case r.kind == utmpLogin:
		e.Message = "login prompt on " + named(r.line) + origin
	case r.kind == utmpInit:
		e.Message = "process of init on " + named(r.line)
	case r.kind == utmpAccounting:
		e.Message = "accounting record of " + named(r.user) + " on " + named(r.line)
	default:
		e.Message = "empty record, line " + named(r.line) + ", user " + named(r.user)
	}
}

func named(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

func utmpTypeName(n int) string {
	names := [...]string{"EMPTY", "RUN_LVL", "BOOT_TIME", "NEW_TIME", "OLD_TIME", "INIT_PROCESS", "LOGIN_PROCESS", "USER_PROCESS", "DEAD_PROCESS", "ACCOUNTING"}
	if n < 0 || n >= len(names) {
		return strconv.Itoa(n)
	}
	return names[n]
}

// lastlogSize is struct lastlog: a 32-bit time, line and host. The record's
// number is the user's id.
const lastlogSize = 4 + 32 + 256

// parseLastlog reads the last login of each user.
//
// Reference: glibc, bits/utmp.h; lastlog(8).
func parseLastlog(j *job, r *bufio.Reader) error {
	order := binary.ByteOrder(binary.LittleEndian)
	head, _ := r.Peek(headSize) // an error comes again with the next read
	if lastlogShare(head, binary.BigEndian) > lastlogShare(head, order) {
		order = binary.BigEndian
	}
	uid := int64(-1)
	return eachRecord(j, r, lastlogSize, func(offset int64, b []byte) error {
		uid++
		return lastlogRecord(j, order, offset, uid, b)
	})
}

// lastlogRecord adds the last login of one user; zeros mean that there was
// none, and are no record.
func lastlogRecord(j *job, order binary.ByteOrder, offset, uid int64, b []byte) error {
	if len(bytes.Trim(b, "\x00")) == 0 {
		return nil
	}
	line, odd := cString(b[4:36])
	host, odd2 := cString(b[36:])
	t, ok := epoch(int64(order.Uint32(b)), 0)
	if odd || odd2 || !ok {
		j.reject(offset, nil, "no lastlog record")
		return nil
	}
	e := timeline.Event{
		Time: t, Precision: timeline.Second, TimeKind: timeline.Started, Source: "utmp",
		Attributes: timeline.Attributes{{Name: attrAction, Value: "login"}, {Name: attrOutcome, Value: "success"}, {Name: "uid", Value: strconv.FormatInt(uid, 10)}},
	}
	a := &e.Attributes
	if line != "" {
		a.Set("tty", line)
	}
	from(a, host)
	e.Message = fmt.Sprintf("last login of uid %d on %s", uid, named(line))
	if host != "" {
		e.Message += " from " + host
	}
	return j.add(offset, e)
}

// lastlogShare is which part of the used records make sense in that order.
func lastlogShare(head []byte, order binary.ByteOrder) float64 {
	good, seen := 0.0, 0.0
	for at := 0; at+lastlogSize <= len(head); at += lastlogSize {
		b := head[at : at+lastlogSize]
		if len(bytes.Trim(b, "\x00")) == 0 {
			continue
		}
		seen++
		_, odd := cString(b[4:36])
		_, odd2 := cString(b[36:])
		if sec := order.Uint32(b); !odd && !odd2 && sec > 300_000_000 && sec < 4_200_000_000 {
			good++
		}
	}
	if seen == 0 {
		return 0
	}
	return good / seen
}

func isLastlog(name string, head []byte) bool {
	return name == "lastlog" && (len(head) == 0 || bytes.IndexByte(head, 0) >= 0)
}

func isBtmp(name string, head []byte) bool {
	return strings.HasPrefix(name, "btmp") && (len(head) == 0 || bytes.IndexByte(head, 0) >= 0)
}

func isUtmp(name string, head []byte) bool {
	if strings.HasPrefix(name, "wtmp") || strings.HasPrefix(name, "utmp") {
		return len(head) == 0 || bytes.IndexByte(head, 0) >= 0
	}
	_, share := utmpLayoutOf(head)
	return share > 0.8
}
