package parse

import (
	"bufio"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
	"firebreak/timeline"
)

// Types of the values in a detection of Windows Defender.
const (
	defenderText  = 0x15
	defenderGUID  = 0x1e
	defenderTime  = 0x0a
	defenderPairs = 0x28
	maxDetection  = 16 << 20
	maxValuesIn   = 1 << 16
	defenderMagic = "Magic.Version:"
)

// isDetection knows the first values: the threat's number, then an id.
func isDetection(_ string, head []byte) bool {
	b := le.Bytes(head)
	return b.U32(0) == 8 && b.U32(4) == 8 && b.U32(16) == 16 && b.U32(20) == defenderGUID && b.U32(44) == defenderText &&
		strings.HasPrefix(b.Wide(48, 64), defenderMagic)
}

// parseDetection makes an event of a detection that Windows Defender keeps: a row
// of values, each with its size and type, on places that eight divides; among them
// lists of names and values about the threat.
//
// Reference: Fox-IT, "Reverse, Reveal, Recover: Windows Defender Quarantine
// Forensics"; the files themselves.
func parseDetection(j *job, r *bufio.Reader) error {
	b, err := j.wholeBytes(r, maxDetection)
	if err != nil || b == nil {
		return err
	}
	d := detection{fields: map[string]string{}}
	at := 0
	for n := 0; at+8 <= len(b) && n < maxValuesIn; n++ {
		size := b.Int(at)
		v := b.Cut(at+8, size)
		if v == nil {
			j.note("the detection ends early: what stands behind is missing")
			break
		}
		d.value(b.U32(at+4), v)
		at = (at + 8 + size + 7) &^ 7
	}
	return j.add(0, d.event())
}

// detection is what was read of one.
type detection struct {
	id, threat string
	texts      []string // of what was found: kind and name take turns
	behind     []string // texts behind the last list: user, process, who acted
	fields     map[string]string
	start      time.Time
	times      []time.Time
}

func (d *detection) value(kind uint32, v le.Bytes) {
	switch kind {
	case defenderGUID:
		if d.id == "" {
			d.id = v.GUID(0)
		}
	case defenderTime:
		if t, ok := v.Filetime(0); ok {
			d.times = append(d.times, t)
		}
	case defenderText:
		s := foreignText(v.Wide(0, len(v)))
		switch {
		case strings.HasPrefix(s, defenderMagic) || s == "":
		case d.threat == "":
			d.threat = s
		default:
			d.behind = append(d.behind, s)
		}
	case defenderPairs:
		d.texts, d.behind = append(d.texts, d.behind...), nil
		d.pairs(v.From(24))
	}
}

// pairs reads names with values; of a name that comes again, the first counts.
func (d *detection) pairs(b le.Bytes) {
	for at := 0; at+8 <= len(b); {
		n := b.Int(at)
		name := b.Cut(at+4, n)
		if name == nil {
			return
		}
		key := strings.TrimPrefix(name.Wide(0, n), "ThreatTracking")
		at += 4 + n
		kind := b.U32(at)
		at += 4
		value := ""
		switch kind {
		case 3:
			at += 4
		case 4:
			if t, ok := b.Filetime(at); ok && key == "StartTime" && d.start.IsZero() {
				d.start = t
			}
			at += 8
		case 5:
			at++
		case 6:
			n := b.Int(at)
			if v := b.Cut(at+4, n); v != nil {
				value = foreignText(v.Wide(0, n))
				at += 4 + n
				break
			}
			return
		default:
			return
		}
		if value != "" && d.fields[key] == "" {
			d.fields[key] = value
		}
	}
}

func (d *detection) event() timeline.Event {
	e := timeline.Event{Source: "antivirus", Precision: timeline.Nanosecond, TimeKind: timeline.Logged, Time: d.start}
	if e.Time.IsZero() && len(d.times) > 0 {
		e.Time = d.times[0]
	}
	var kinds, paths []string
	for i := 0; i+1 < len(d.texts); i += 2 {
		kinds, paths = append(kinds, d.texts[i]), append(paths, d.texts[i+1])
	}
	text, _ := listed(paths)
	at := func(i int) string {
		if i < len(d.behind) {
			return d.behind[i]
		}
		return ""
	}
	if e.User = at(0); !strings.Contains(e.User, `\`) {
		e.User = ""
	}
	process := at(1)
	if process == "Unknown" {
		process = ""
	}
	setAll(&e.Attributes, attrAction, "detect", "threat", d.threat, "path", text, "resource", strings.Join(kinds, ", "), "detection_id", d.id,
		"sha256", d.fields["Sha256"], "hash_sha1", d.fields["Sha1"], "hash_md5", d.fields["MD5"], "process", process, "acted_as", at(2))
	first, more, _ := strings.Cut(text, "\n")
	if more != "" {
		first += " and others"
	}
	e.Message = "Windows Defender found " + named(d.threat) + pre(" in ", first)
	return e
}
