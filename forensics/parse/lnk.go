package parse

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/jumplist"
	"firebreak/forensics/formats/lnk"
	"firebreak/timeline"
)

// Limits of links and jump lists.
const (
	maxLnk      = 8 << 20
	maxJumpList = 256 << 20
)

func isLnk(_ string, head []byte) bool { return lnk.Is(head) }

// parseLnk makes an event of each different time of a link's target, and of the
// making of the target's object id.
func parseLnk(j *job, r *bufio.Reader) error {
	b, err := j.wholeBytes(r, maxLnk)
	if err != nil || b == nil {
		return err
	}
	l, err := lnk.Read(b)
	if err != nil {
		j.reject(0, nil, err.Error())
		return nil
	}
	return j.link(l, linkOf{source: "lnk", name: j.sourceName()})
}

// linkOf says where a link stood.
type linkOf struct {
	source    string
	offset    int64
	name      string // of the link
	attrs     timeline.Attributes
	recovered string
	told      bool // the entry that it belongs to is an event already
}

// link puts the events of one.
func (j *job) link(l *lnk.Link, of linkOf) error {
	put := func(e timeline.Event) error {
		if of.recovered != "" {
			e.Attributes.Set(attrRecovered, of.recovered)
			return j.recover(of.offset, e)
		}
		return j.add(of.offset, e)
	}
	for _, p := range l.Problems {
		j.note(fmt.Sprintf("the link at %d: %s", of.offset, p))
	}
	attrs := linkAttributes(l, of)
	target := foreignText(l.Path)
	what := "target of a link: " + named(target)
	if l.Arguments != "" {
		what += " " + foreignText(l.Arguments)
	}
	stamps := stampsOf(l.Written, l.Accessed, time.Time{}, l.Created)
	if len(stamps) == 0 && !of.told {
		stamps = []fileStamp{{}} // a link that a program made without times
	}
	for _, s := range stamps {
		e := timeline.Event{Time: s.time, Precision: timeline.Nanosecond, TimeKind: s.kind, Source: of.source, User: j.pathOwner(), Message: what}
		e.Attributes = append(timeline.Attributes(nil), attrs...)
		if s.letters != 0 {
			e.Message = macbText(s.letters) + " " + what
			e.Attributes.Set("macb", macbText(s.letters))
		}
		if err := put(e); err != nil {
			return err
		}
	}
	if t := l.Tracker; t != nil && !t.Made.IsZero() {
		e := timeline.Event{Time: t.Made, Precision: timeline.Nanosecond, TimeKind: timeline.Born, Source: of.source, User: j.pathOwner()}
		e.Message = "object id of " + named(target) + " was made on " + named(foreignText(t.Machine))
		e.Attributes = append(e.Attributes, attrs...)
		return put(e)
	}
	return nil
}

func linkAttributes(l *lnk.Link, of linkOf) timeline.Attributes {
	a := append(timeline.Attributes(nil), of.attrs...)
	if target := l.Path; target != "" {
		setPlain(&a, "path", target)
		if l.Arguments != "" {
			setPlain(&a, attrCommand, target+" "+l.Arguments)
		}
	}
	setPlain(&a, "arguments", l.Arguments)
	setPlain(&a, "description", l.Name)
	if l.DriveType < uint32(len(driveTypes)) && l.VolumeSerial != "" {
		a.Set("drive_type", driveTypes[l.DriveType])
	}
	setPlain(&a, "icon", l.Icon)
	setPlain(&a, "link", of.name)
	if l.MFT != 0 {
		a.Set("inode", strconv.FormatUint(l.MFT, 10)+"-"+strconv.Itoa(int(l.MFTSequence)))
	}
	setPlain(&a, "relative_path", l.Relative)
	setPlain(&a, "share", l.Share)
	setCount(&a, "size", l.FileSize)
	if l.Show == 7 {
		a.Set("window", "minimised") // as links that hide what they run have it
	}
	setPlain(&a, "volume_label", l.VolumeLabel)
	set(&a, "volume_serial", l.VolumeSerial)
	setPlain(&a, "working_dir", l.WorkingDir)
	trackerAttributes(&a, l.Tracker)
	return a
}

var driveTypes = [...]string{"unknown", "no root", "removable", "fixed", "remote", "cdrom", "ram disk"} //nolint:gochecknoglobals // a table

func trackerAttributes(a *timeline.Attributes, t *lnk.Tracker) {
	if t == nil {
		return
	}
	const none = "00000000-0000-0000-0000-000000000000"
	setPlain(a, "machine", t.Machine)
	set(a, "mac", t.MAC)
	for name, id := range map[string]string{"file_id": t.File, "volume_id": t.Volume} {
		if id != none {
			set(a, name, id)
		}
	}
	for name, id := range map[string]string{"birth_file_id": t.BirthFile, "birth_volume_id": t.BirthVolume} {
		if id != none && id != t.File && id != t.Volume {
			set(a, name, id)
		}
	}
}

const (
	automaticEnd = ".automaticdestinations-ms"
	customEnd    = ".customdestinations-ms"
)

func isAutomaticList(name string, head []byte) bool {
	return jumplist.IsAutomatic(head) || strings.HasSuffix(strings.ToLower(name), automaticEnd)
}

func isCustomList(name string, head []byte) bool {
	return jumplist.IsCustom(head) || strings.HasSuffix(strings.ToLower(name), customEnd)
}

// parseJumpList makes an event of each entry of a list that has a time of use, and
// those of its link.
func parseJumpList(read func([]byte) (*jumplist.List, error)) func(*job, *bufio.Reader) error {
	return func(j *job, r *bufio.Reader) error {
		b, err := j.wholeBytes(r, maxJumpList)
		if err != nil || b == nil {
			return err
		}
		list, err := read(b)
		if errors.Is(err, jumplist.ErrFormat) {
			j.reject(0, nil, err.Error())
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range list.Problems {
			j.note(p)
		}
		app, _, _ := strings.Cut(j.sourceName(), ".")
		for i := range list.Entries {
			if err := j.ctx.Err(); err != nil {
				return err
			}
			if err := j.destination(&list.Entries[i], app); err != nil {
				return err
			}
		}
		if list.Missing > 0 {
			j.rejectMany(int64(list.Missing), 0, nil, "entries are missing that the list counts")
		}
		return nil
	}
}

// destination puts the events of one entry.
func (j *job) destination(d *jumplist.Entry, app string) error {
	of := linkOf{source: "jumplist", offset: d.Offset, recovered: d.Found}
	setPlain(&of.attrs, "app_id", app)
	setPlain(&of.attrs, "category", foreignText(d.Category))
	of.told = !d.Used.IsZero() || d.Link == nil
	if of.told {
		e := timeline.Event{Time: d.Used, Precision: timeline.Nanosecond, TimeKind: timeline.Accessed, Source: "jumplist", User: j.pathOwner()}
		e.Message = "opened " + named(foreignText(d.Path)) + " with the program " + foreignText(app)
		a := &e.Attributes
		if d.Link != nil {
			*a = linkAttributes(d.Link, of)
		} else {
			*a = append(*a, of.attrs...)
		}
		a.Set(attrAction, "open")
		setCount(a, "count", d.Count)
		setPlain(a, "path", d.Path)
		if d.Pinned {
			a.Set("pinned", "yes")
		}
		trackerAttributes(a, d.Tracker)
		if err := j.add(d.Offset, e); err != nil {
			return err
		}
	}
	if d.Link == nil {
		return nil
	}
	return j.link(d.Link, of)
}
