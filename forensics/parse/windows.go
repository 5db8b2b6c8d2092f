package parse

import (
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"firebreak/forensics/formats/le"
	"firebreak/timeline"
)

// What the readers of Windows' artefacts have in common.

// maxWinList bounds a list of names in one attribute.
const maxWinList = 16 << 10

// wholeBytes is what is left of r in memory; of a file that is larger than most,
// nothing: it is rejected.
func (j *job) wholeBytes(r io.Reader, most int64) (le.Bytes, error) {
	at, size, done, err := j.whole(r)
	if err != nil {
		return nil, err
	}
	defer done()
	if size > most {
		j.reject(0, nil, fmt.Sprintf("it is larger than %d MiB", most>>20))
		return nil, nil
	}
	b := make(le.Bytes, size)
	if n, err := at.ReadAt(b, 0); int64(n) < size {
		return nil, fmt.Errorf("read the whole of it: %w", err)
	}
	return b, nil
}

// plainText is foreign text as a timeline can hold it.
func foreignText(s string) string {
	text, _ := clean([]byte(s))
	return text
}

// setPlain sets foreign text, where there is any.
func setPlain(a *timeline.Attributes, name, value string) {
	if value != "" {
		a.Set(name, foreignText(value))
	}
}

// setCount sets a number that is not zero.
func setCount[T int | int64 | uint8 | uint16 | uint32 | uint64](a *timeline.Attributes, name string, n T) {
	if n != 0 {
		a.Set(name, fmt.Sprint(n))
	}
}

// winBase is the last part of a path of Windows.
func winBase(p string) string { return p[strings.LastIndexAny(p, `\/`)+1:] }

// listed is a list of names in one attribute, as many as it holds.
func listed(names []string) (text string, all bool) {
	var b strings.Builder
	for i, n := range names {
		if b.Len()+len(n) > maxWinList {
			return b.String(), false
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(foreignText(n))
	}
	return b.String(), true
}

// pathOwner is the owner of the home that the artefact lay in.
func (j *job) pathOwner() string { return browserUser(j.src.Exhibit.Source) }

// sourceName is the last part of the artefact's path.
func (j *job) sourceName() string {
	return path.Base(strings.ReplaceAll(j.src.Exhibit.Source, `\`, "/"))
}

// fileTime is a FILETIME as the time of an event, zero where there is none.
func fileTime(n uint64) time.Time {
	t, _ := le.Filetime(n)
	return t
}

// fileTimes is the times of one thing, each different one once, with what it is
// of in the letters of a body file.
type fileStamp struct {
	time    time.Time
	kind    timeline.TimeKind
	letters uint8
}

// stampsOf groups times that are equal, in the order born, modified, changed,
// accessed; those that are zero are none.
func stampsOf(m, a, c, b time.Time) []fileStamp {
	var out []fileStamp
next:
	for _, s := range [...]fileStamp{{b, timeline.Born, 8}, {m, timeline.Modified, 1}, {c, timeline.Changed, 4}, {a, timeline.Accessed, 2}} {
		if s.time.IsZero() {
			continue
		}
		for i := range out {
			if out[i].time.Equal(s.time) {
				out[i].letters |= s.letters
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// localTime makes a time of one that was read as if it were UTC and is local, and
// says what was assumed.
func (j *job) localTime(t time.Time, a *timeline.Attributes) time.Time {
	utc, how := j.clock.utc(t.Unix())
	a.Set(attrAssumed, doubt(j.assumedZone(), how))
	j.note("local times without a zone: " + j.assumedZone())
	return time.Unix(utc, int64(t.Nanosecond())).UTC()
}
