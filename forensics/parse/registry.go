package parse

import (
	"bufio"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"firebreak/forensics/formats/registry"
	"firebreak/timeline"
)

// Limits of what a key's event says of its values.
const (
	maxKeyValues  = 64
	maxValueText  = 1 << 10
	maxValuesText = 8 << 10
)

func isRegistry(_ string, head []byte) bool { return registry.Is(head) }

func isRegistryLog(_ string, head []byte) bool { return registry.IsLog(head) }

// parseRegistryLog keeps a transaction log: what it says is read with its hive.
func parseRegistryLog(j *job, _ *bufio.Reader) error {
	j.note("a transaction log: its changes are read with the hive beside it")
	return nil
}

// hive is a reading of one.
type hive struct {
	*job
	file *registry.Hive
	root string // what stands before the paths
	kind string // ntuser, usrclass, software, system, sam, security, amcache, or ""
	user string
	key  *registry.Key // at hand
	vals []registry.Value
	bags map[string]string // folders of shell bags, by the path of their key

	// Of keys that a running system gave:
	sid   string
	more  []string      // attributes of the key at hand
	times *registry.Key // the TypedURLsTime that was read last
}

// parseRegistry makes an event of each key, at the time when it was last written,
// and more of what keys tell in values of their own: what runs by itself, what
// ran, what was opened, which devices there were.
//
// Reference: package forensics/formats/registry; libyal, winreg-kb, for what keys tell.
func parseRegistry(j *job, r *bufio.Reader) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	file, err := registry.Open(at, size)
	if errors.Is(err, registry.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	var logs []registry.Log
	if file.Dirty {
		for _, suffix := range []string{".LOG", ".LOG1", ".LOG2"} {
			log, logSize, logDone, err := j.beside(suffix)
			if err != nil {
				return err
			}
			defer logDone()
			if log != nil {
				logs = append(logs, registry.Log{Name: suffix, File: log, Size: logSize})
			}
		}
	}
	if err := file.Replay(logs...); err != nil {
		return err
	}
	h := &hive{job: j, file: file}
	h.know()
	for _, n := range file.Notes {
		j.note(foreignText(n))
	}
	if file.Damaged {
		j.note("the checksum of the hive's head is wrong")
	}
	if file.Applied > 0 {
		j.note(fmt.Sprintf("%d changes were taken from the logs beside it", file.Applied))
	}
	return file.Walk(j.ctx, h.take, func(offset int64, why string) error {
		j.reject(offset, nil, why)
		return nil
	})
}

// know finds out which hive it is: by where Windows had it, else by its name.
func (h *hive) know() {
	base := func(s string) string {
		return strings.ToLower(path.Base(strings.ReplaceAll(s, `\`, "/")))
	}
	h.kind, h.root = hiveOf(base(h.file.Name))
	if h.kind == "" {
		h.kind, h.root = hiveOf(base(h.src.Exhibit.Source))
	}
	if h.kind == "ntuser" || h.kind == "usrclass" {
		if h.user = h.pathOwner(); h.user == "" {
			h.user = browserUser(h.file.Name)
		}
		h.user = foreignText(h.user)
	}
}

func hiveOf(base string) (kind, root string) {
	switch {
	case strings.HasPrefix(base, "ntuser"):
		return "ntuser", "HKCU"
	case strings.HasPrefix(base, "usrclass"):
		return "usrclass", `HKCU\Software\Classes`
	case strings.HasPrefix(base, "amcache"):
		return "amcache", "Amcache"
	case strings.HasPrefix(base, "software"):
		return "software", `HKLM\Software`
	case strings.HasPrefix(base, "system"):
		return "system", `HKLM\System`
	case strings.HasPrefix(base, "security"):
		return "security", `HKLM\Security`
	case base == "sam" || strings.HasPrefix(base, "sam."):
		return "sam", `HKLM\SAM`
	case strings.HasPrefix(base, "default"):
		return "ntuser", `HKU\.DEFAULT`
	}
	return "", ""
}

// full is a key's path with its hive before it.
func (h *hive) full(k *registry.Key) string {
	switch {
	case h.root == "":
		return foreignText(k.Path)
	case k.Path == "":
		return h.root
	}
	return h.root + `\` + foreignText(k.Path)
}

// take puts the events of a key.
func (h *hive) take(k *registry.Key) error {
	vals, all, err := k.Values(maxKeyValues)
	if err != nil {
		return err
	}
	h.key, h.vals = k, vals
	e := h.slot()
	full := h.full(k)
	e.Time, e.Precision, e.TimeKind, e.Source, e.User = k.Written, timeline.Nanosecond, timeline.Modified, "registry", h.user
	e.Message = named(full)
	a := &e.Attributes
	a.Set("key", full)
	set(a, "user_sid", h.sid)
	for i := 0; i+1 < len(h.more); i += 2 {
		set(a, h.more[i], h.more[i+1])
	}
	if k.Found != "" {
		a.Set(attrRecovered, k.Found)
		e.Message = "deleted: " + e.Message
	}
	setCount(a, "subkeys", k.Subkeys)
	if k.NumValues > 0 {
		text, whole := valuesText(vals)
		if !all || !whole {
			a.Set(attrTruncated, "the list of values")
		}
		a.Set("value_count", strconv.Itoa(int(k.NumValues)))
		set(a, "values", text)
	}
	if err := h.job.take(k.Offset, k.Found != ""); err != nil {
		return err
	}
	for _, art := range artefactsOf(k.Path) {
		if err := art.tell(h); err != nil {
			return err
		}
	}
	if strings.Contains(k.Path, `\BagMRU`) {
		return shellBags(h)
	}
	return nil
}

// valuesText is a line for each value.
func valuesText(vals []registry.Value) (text string, all bool) {
	var b strings.Builder
	all = true
	for i := range vals {
		v := &vals[i]
		name := foreignText(v.Name)
		if name == "" {
			name = "(default)"
		}
		s, short := shortText(v)
		all = all && !short
		if b.Len()+len(name)+len(s) > maxValuesText {
			return b.String(), false
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(name + ": " + s)
	}
	return b.String(), all
}

// shortText is a value as text, cut where it is long.
func shortText(v *registry.Value) (text string, cut bool) {
	s := foreignText(v.Text(64))
	if len(s) > maxValueText {
		return strings.ToValidUTF8(s[:maxValueText], "") + "…", true
	}
	return s, false
}

// value is the key's value of that name, nil where there is none.
func (h *hive) value(name string) *registry.Value {
	for i := range h.vals {
		if strings.EqualFold(h.vals[i].Name, name) {
			return &h.vals[i]
		}
	}
	return nil
}

// text is the text of a value, "" where there is none.
func (h *hive) text(name string) string {
	if v := h.value(name); v != nil {
		s, _ := shortText(v)
		return strings.TrimSpace(s)
	}
	return ""
}

// fact is an event of an artefact: at the key's last writing, unless it has a
// time of its own.
func (h *hive) fact(name, message string, attrs ...string) timeline.Event {
	e := timeline.Event{
		Time: h.key.Written, Precision: timeline.Nanosecond, TimeKind: timeline.Modified, Source: "registry", User: h.user, Message: message,
	}
	a := &e.Attributes
	a.Set("artifact", name)
	a.Set("key", h.full(h.key))
	set(a, "user_sid", h.sid)
	for i := 0; i+1 < len(attrs); i += 2 {
		set(a, attrs[i], attrs[i+1])
	}
	return e
}

// put takes an event of the key at hand; one of a deleted key is recovered.
func (h *hive) put(offset int64, e timeline.Event) error {
	if h.key.Found != "" {
		e.Attributes.Set(attrRecovered, h.key.Found)
		return h.recover(offset, e)
	}
	return h.add(offset, e)
}

// all is the key's values without the limit of its event.
func (h *hive) all() ([]registry.Value, error) {
	if int(h.key.NumValues) <= len(h.vals) {
		return h.vals, nil
	}
	vals, _, err := h.key.Values(64 << 10)
	return vals, err
}

// artefact is what keys of a path tell beside their own event.
type artefact struct {
	path []string // lower case, from its end: * is any name, a first ** any path above
	tell func(*hive) error
}

// artefactsOf are those of a key's path.
func artefactsOf(path string) []artefact {
	at := strings.LastIndexByte(path, '\\')
	last := strings.ToLower(path[at+1:])
	above := ""
	if at > 0 {
		rest := path[:at]
		above = strings.ToLower(rest[strings.LastIndexByte(rest, '\\')+1:])
	}
	table := registryTable()
	var out []artefact
	for _, near := range [...][]artefact{table[last], table["*"+above], table["**"]} {
		for _, a := range near {
			if fitsPath(a.path, path) {
				out = append(out, a)
			}
		}
	}
	return out
}

// fitsPath compares from the end.
func fitsPath(want []string, path string) bool {
	for i, w := range want {
		if w == "**" {
			return true
		}
		if path == "" {
			return false
		}
		at := strings.LastIndexByte(path, '\\')
		name := path[at+1:]
		path = path[:max(at, 0)]
		end, some := strings.CutSuffix(w, "*")
		if !some && !strings.EqualFold(name, w) || some && (len(name) < len(end) || !strings.EqualFold(name[:len(end)], end)) {
			return false
		}
		if i == len(want)-1 {
			return path == ""
		}
	}
	return false
}
