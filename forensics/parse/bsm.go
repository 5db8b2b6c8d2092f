package parse

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"firebreak/forensics/formats/bsm"
	"firebreak/timeline"
)

// parseBSM reads an audit trail. A record that the file's end cuts is recovered.
func parseBSM(j *job, r *bufio.Reader) error {
	x := bsm.NewReader(&patient{j, r})
	for {
		rec, err := x.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, bsm.ErrFormat):
			j.reject(rec.Offset, nil, err.Error())
			continue
		case err != nil:
			return err
		}
		e := tellBSM(rec)
		if rec.Cut {
			e.Attributes.Set(attrRecovered, "the file ends within the record")
			err = j.recover(rec.Offset, e)
		} else {
			err = j.add(rec.Offset, e)
		}
		if err != nil {
			return err
		}
	}
}

func tellBSM(rec *bsm.Record) timeline.Event {
	e := timeline.Event{Source: "audit", TimeKind: timeline.Logged, Precision: timeline.Millisecond}
	a := &e.Attributes
	odd := false
	tidy := func(s string) string {
		s, o := clean([]byte(s))
		odd = odd || o
		return s
	}
	if rec.Seconds < maxSeconds && rec.Millis < 1000 {
		e.Time, _ = epoch(int64(rec.Seconds), int64(rec.Millis)*1e6)
	}
	if rec.IsFile {
		e.Message = "audit trail goes on with " + named(tidy(rec.File))
		setAll(a, "path", tidy(rec.File))
		return e
	}
	kind := bsm.KindOf(rec.Event)
	name := kind.Name
	if name == "" {
		name = "event " + itoa(int(rec.Event))
	}
	for _, p := range rec.More {
		key := tidy(p.Name)
		for n := 2; a.Has(key) && n < 64; n++ {
			key = tidy(p.Name) + "." + itoa(n)
		}
		a.Set(key, tidy(p.Value))
	}
	setAll(a, attrAction, kind.Action, "event_id", itoa(int(rec.Event)))
	bsmSubject(&e, rec)
	command := tidy(strings.Join(rec.Arguments, " "))
	texts := tidy(strings.Join(rec.Texts, "; "))
	setAll(a, attrCommand, command, "text", texts)
	path := ""
	if n := len(rec.Paths); n > 0 {
		path = tidy(rec.Paths[n-1]) // the kernel adds the resolved path behind the one that was given
		to := ""
		if kind.Action == "rename" && n > 1 {
			path, to = tidy(rec.Paths[0]), path
		}
		setAll(a, "path", path, "to_path", to)
		if kind.Action == "exec" {
			setAll(a, "exe", path)
		}
		if n > 1 {
			a.Set("paths", tidy(strings.Join(rec.Paths, ", ")))
		}
	}
	peer := bsmSockets(a, rec, tidy)
	if rec.Environment > 0 {
		a.Set("environment", itoa(rec.Environment)+" variables (not copied)")
	}
	outcome := ""
	if rec.Returned {
		outcome = "success"
		if rec.Errno != 0 {
			outcome = "failure"
			a.Set("errno", itoa(int(rec.Errno)))
		}
		setAll(a, attrOutcome, outcome, "return", strconv.FormatUint(rec.Value, 10))
	}
	if rec.Lost > 0 {
		a.Set("tokens_missing", itoa(rec.Lost)+" bytes")
	}
	if rec.Host.IsValid() {
		a.Set("audit_host", rec.Host.String())
	}
	what := cmp.Or(command, texts, path)
	if command == "" && texts != "" && path != "" {
		what += " (" + path + ")"
	}
	e.Message = say(name, pre(": ", what), pre("to ", peer), pre("by uid ", a.Get("uid")))
	if outcome == "failure" {
		e.Message += ": failed"
	}
	if odd {
		a.Set(attrEncoding, "escaped")
	}
	return e
}

// bsmSubject says who did it, and to which process.
func bsmSubject(e *timeline.Event, rec *bsm.Record) {
	const nobody = 0xffffffff
	a := &e.Attributes
	if w := rec.Who; w != nil {
		setAll(a, "auid", unless(w.Audit, nobody), "uid", unless(w.RealUser, nobody), "euid", unless(w.EffectiveUser, nobody),
			"gid", unless(w.RealGroup, nobody), "egid", unless(w.EffectiveGroup, nobody), "pid", unless(w.PID, nobody), "session", unless(w.Session, nobody))
		if w.Address.IsValid() {
			a.Set(attrSrcIP, w.Address.String())
		}
	}
	if t := rec.Target; t != nil {
		setAll(a, "target_pid", unless(t.PID, nobody), "target_uid", unless(t.RealUser, nobody), "target_auid", unless(t.Audit, nobody))
	}
	// The security server writes the account as text only.
	for _, s := range rec.Texts {
		if name := between(s, "Verify password for record type Users '", "'"); name != "" {
			name, _ = clean([]byte(name))
			e.User = name
		}
	}
}

// bsmSockets tells the addresses; a peer that was accepted is where it came from.
func bsmSockets(a *timeline.Attributes, rec *bsm.Record, tidy func(string) string) (peer string) {
	set := func(ip, port string, at netip.AddrPort) {
		if !at.Addr().IsValid() || a.Has(ip) {
			return
		}
		a.Set(ip, at.Addr().WithZone("").String())
		if at.Port() != 0 {
			a.Set(port, itoa(int(at.Port())))
		}
	}
	for _, s := range rec.Sockets {
		if s.Path != "" {
			setAll(a, "socket", tidy(s.Path))
			peer = cmp.Or(peer, tidy(s.Path))
		}
		if bsm.KindOf(rec.Event).Action == "accept" || bsm.KindOf(rec.Event).Action == "login" {
			set(attrSrcIP, attrSrcPort, s.Remote)
			set("dst_ip", "dst_port", s.Local)
		} else {
			set("dst_ip", "dst_port", s.Remote)
			set(attrSrcIP, attrSrcPort, s.Local)
		}
		if s.Remote.Addr().IsValid() {
			peer = cmp.Or(peer, s.Remote.String())
		}
	}
	return peer
}
