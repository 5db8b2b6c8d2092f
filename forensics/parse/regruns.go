package parse

import (
	"fmt"
	"strconv"
	"strings"

	"firebreak/forensics/formats/le"
	"firebreak/forensics/formats/registry"
	"firebreak/timeline"
)

// What runs by itself, and what ran.

// autorun is a key whose values are commands that run at logon.
func autorun(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	for i := range vals {
		v := &vals[i]
		command, _ := shortText(v)
		if v.Type != registry.Text && v.Type != registry.Expand || command == "" {
			continue
		}
		name := foreignText(v.Name)
		e := h.fact("autorun", "runs at logon: "+named(name)+": "+command, attrAction, "startup", attrCommand, command, "value", name)
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// named1 tells each of these values, where it says something.
func named1(artefact string, names ...string) func(*hive) error {
	return func(h *hive) error {
		for _, name := range names {
			v := h.value(name)
			if name == "(default)" {
				v = h.value("")
			}
			if v == nil {
				continue
			}
			text, _ := shortText(v)
			if text == "" {
				continue
			}
			e := h.fact(artefact, artefact+": "+foreignText(h.key.Name)+" "+name+" = "+text, "value", name, "data", text)
			switch artefact {
			case "image file execution options", "silent process exit", "winlogon notify", "appinit", "winlogon", "logon script", "active setup", "command processor", "print monitor":
				if name != "GlobalFlag" && name != "DefaultUserName" && name != "AutoAdminLogon" {
					e.Attributes.Set(attrAction, "startup")
					e.Attributes.Set(attrCommand, text)
				}
			}
			if err := h.put(v.Offset, e); err != nil {
				return err
			}
		}
		return nil
	}
}

// ntService is a service or a driver.
func ntService(h *hive) error {
	image, start, kind := h.text("ImagePath"), h.text("Start"), h.text("Type")
	if image == "" && start == "" {
		return nil
	}
	name := foreignText(h.key.Name)
	starts := map[string]string{"0": "boot", "1": "system", "2": "auto", "3": "manual", "4": "disabled"}
	if s := starts[start]; s != "" {
		start = s
	}
	what := "service"
	if n, err := strconv.ParseUint(kind, 10, 32); err == nil && n&0xb != 0 {
		what = "driver"
	}
	e := h.fact("service", what+" "+name+" ("+named(start)+"): "+named(image), attrAction, "startup", attrCommand, image, "service", name, "start", start, "type", what,
		"display_name", h.text("DisplayName"), "run_as", h.text("ObjectName"), "failure_command", h.text("FailureCommand"))
	return h.put(h.key.Offset, e)
}

// serviceDLL is the library that a service of svchost runs.
func serviceDLL(h *hive) error {
	v := h.value("ServiceDll")
	if v == nil {
		return nil
	}
	dll, _ := shortText(v)
	parts := strings.Split(h.key.Path, `\`)
	name := foreignText(parts[len(parts)-2])
	return h.put(v.Offset, h.fact("service dll", "library of the service "+name+": "+dll, attrAction, "startup", attrCommand, dll, "exe", dll, "service", name))
}

// comServer is a class of COM that a user has for himself: it is asked before the
// machine's.
func comServer(h *hive) error {
	v := h.value("")
	if v == nil || h.kind != "ntuser" && h.kind != "usrclass" {
		return nil
	}
	parts := strings.Split(h.key.Path, `\`)
	class := foreignText(parts[len(parts)-2])
	text, _ := shortText(v)
	return h.put(v.Offset, h.fact("com server", "class "+class+" of this user: "+text, attrCommand, text, "class", class))
}

// userAssist is the programs that a user started from the desktop: names in ROT13,
// counts and last runs. Data has 16 bytes (to Vista) or 72 (7 and later).
func userAssist(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	for i := range vals {
		v := &vals[i]
		name := foreignText(rot13(v.Name))
		d := v.Data
		var count uint32
		var when uint64
		attrs := []string{attrAction, "exec"}
		switch {
		case len(d) >= 72:
			count, when = d.U32(4), d.U64(60)
			attrs = append(attrs, "focus_count", strconv.Itoa(int(d.U32(8))), "focus_ms", strconv.Itoa(int(d.U32(12))))
		case len(d) == 16:
			when = d.U64(8)
			if count = d.U32(4); count > 5 {
				count -= 5 // as Windows counts from five
			}
		default:
			continue
		}
		if strings.HasPrefix(name, "UEME_CTL") {
			continue // the list's own
		}
		exe := knownFolder(strings.TrimPrefix(strings.TrimPrefix(name, "UEME_RUNPATH:"), "UEME_RUNPIDL:"))
		e := h.fact("userassist", "ran from the desktop: "+exe+", "+strconv.Itoa(int(count))+" times", append(attrs, "exe", exe, "value", name, "run_count", strconv.Itoa(int(count)))...)
		e.Time, e.TimeKind = fileTime(when), timeline.Started
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

func rot13(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+13)%26
		case r >= 'A' && r <= 'Z':
			return 'A' + (r-'A'+13)%26
		}
		return r
	}, s)
}

// knownFolder writes the folders that have an id by their name.
func knownFolder(s string) string {
	for id, name := range map[string]string{
		"{6D809377-6AF0-444B-8957-A3773F02200E}": "%ProgramFiles%", "{7C5A40EF-A0FB-4BFC-874A-C0F2E0B9FA8E}": "%ProgramFiles(x86)%",
		"{1AC14E77-02E7-4E5D-B744-2EB1AE5198B7}": `%SystemRoot%\System32`, "{D65231B0-B2F1-4857-A4CE-A8E7C6EA7D27}": `%SystemRoot%\SysWOW64`,
		"{F38BF404-1D43-42F2-9305-67DE0B28FC23}": "%SystemRoot%", "{0139D44E-6AFE-49F2-8690-3DAFCAE6FFB8}": `%ProgramData%\Microsoft\Windows\Start Menu\Programs`,
		"{A77F5D77-2E2B-44C3-A6A2-ABA601054A51}": `%AppData%\Microsoft\Windows\Start Menu\Programs`, "{9E3995AB-1F9C-4F13-B827-48B24B6C7174}": `%AppData%\Microsoft\Internet Explorer\Quick Launch\User Pinned`,
	} {
		if len(s) >= len(id) && strings.EqualFold(s[:len(id)], id) {
			return name + s[len(id):]
		}
	}
	return s
}

// bam is the programs that the background activity moderator saw last.
func bam(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	for i := range vals {
		v := &vals[i]
		t := fileTime(v.Data.U64(0))
		if v.Type != registry.Binary || len(v.Data) < 8 || t.IsZero() {
			continue
		}
		exe := foreignText(v.Name)
		e := h.fact("bam", "ran: "+exe, attrAction, "exec", "exe", exe, "user_sid", foreignText(h.key.Name))
		e.Time, e.TimeKind, e.User = t, timeline.Started, foreignText(h.key.Name)
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// muiCache is the names of programs that were shown to a user.
func muiCache(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	for i := range vals {
		v := &vals[i]
		name := foreignText(v.Name)
		exe, ok := strings.CutSuffix(name, ".FriendlyAppName")
		if v.Type != registry.Text || !ok && !strings.Contains(name, `:\`) {
			continue
		}
		text, _ := shortText(v)
		e := h.fact("muicache", "known to the shell: "+exe+" ("+text+")", "exe", exe, "description", text)
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// taskCache is what the scheduler knows of a task.
func taskCache(h *hive) error {
	name := h.text("Path")
	d := h.value("DynamicInfo")
	attrs := []string{"task", name, "author", h.text("Author"), "task_id", foreignText(h.key.Name), "registered", h.text("Date")}
	if v := h.value("Actions"); v != nil {
		if text := actionsText(v.Data); text != "" {
			attrs = append(attrs, attrCommand, text)
		}
	}
	if d == nil {
		if name == "" {
			return nil
		}
		return h.put(h.key.Offset, h.fact("task", "scheduled task "+name, append(attrs, attrAction, "schedule")...))
	}
	for _, t := range []struct {
		at     int
		kind   timeline.TimeKind
		action string
		what   string
	}{{4, timeline.Born, "create", "registered: "}, {12, timeline.Started, "exec", "last run of "}} {
		when := fileTime(d.Data.U64(t.at))
		if when.IsZero() {
			continue
		}
		e := h.fact("task", t.what+"task "+named(name), append(attrs, attrAction, t.action)...)
		e.Time, e.TimeKind = when, t.kind
		if err := h.put(d.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// actionsText is the programs in a task's actions: a version, whom it runs as, then
// a magic, an id and three texts for each that runs a program.
func actionsText(b le.Bytes) string {
	at := 2 + 4 + int(b.U32(2))
	if b.U16(0) < 2 || int64(b.U32(2)) > int64(len(b)) {
		return ""
	}
	var out []string
	for range 32 {
		if b.U16(at) != 0x6666 {
			break
		}
		at += 2
		var texts [4]string
		for i := range texts {
			n := b.Int(at)
			if n < 0 || !b.Has(at+4, n) {
				return strings.Join(out, "; ")
			}
			texts[i] = foreignText(b.Wide(at+4, n))
			at += 4 + n
		}
		at += 2
		out = append(out, strings.TrimSpace(texts[1]+" "+texts[2]))
	}
	return strings.Join(out, "; ")
}

// shimCache is the programs that the compatibility engine looked at, the last
// first. Their times are those of the files.
func shimCache(h *hive) error {
	v := h.value("AppCompatCache")
	if v == nil {
		return nil
	}
	entries, format := shimEntries(v.Data)
	if format == "" {
		h.note("AppCompatCache of an unknown form")
		return nil
	}
	for i, s := range entries {
		exe := foreignText(s.path)
		e := h.fact("shimcache", "program seen by the compatibility cache: "+exe, "exe", exe, "path", exe, "position", strconv.Itoa(i), "format", format)
		if s.executed {
			e.Attributes.Set(attrAction, "exec")
		}
		e.Time = fileTime(s.modified)
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

type shimEntry struct {
	path     string
	modified uint64
	executed bool
}

const maxShims = 16 << 10

// shimEntries reads the cache of each version of Windows. Reference: M. Parisi,
// Mandiant, Caching Out: The Value of Shimcache for Investigators; libyal,
// winreg-kb, Application Compatibility Cache key.
func shimEntries(b le.Bytes) (out []shimEntry, format string) {
	switch magic := b.U32(0); magic {
	case 0xdeadbeef: // XP
		for at, n := 400, int(min(b.U32(8), 96)); n > 0 && b.Has(at, 552); n, at = n-1, at+552 {
			out = append(out, shimEntry{path: b.Wide(at, 528), modified: b.U64(at + 528)})
		}
		return out, "XP"
	case 0xbadc0ffe: // 2003, Vista
		return shimTable(b, 8, 24, 32, 16, 24, false), "2003"
	case 0xbadc0fee: // 7, 2008 R2
		return shimTable(b, 128, 32, 48, 16, 24, true), "7"
	case 0x80, 0x30, 0x34:
		format = map[uint32]string{0x80: "8", 0x30: "10", 0x34: "10"}[magic]
		at := int(magic)
		for len(out) < maxShims {
			sig := string(b.Cut(at, 4))
			size := b.Int(at + 8)
			if sig != "00ts" && sig != "10ts" || size < 2 {
				break
			}
			d := b.From(at + 12)
			d = d[:min(len(d), size)]
			n := int(d.U16(0))
			s := shimEntry{path: d.Wide(2, n)}
			rest := 2 + n
			if format == "8" {
				if sig == "10ts" {
					rest += 2 + int(d.U16(rest))
				}
				s.executed = d.U32(rest)&2 != 0
				rest += 8
			}
			s.modified = d.U64(rest)
			out = append(out, s)
			at += 12 + size
		}
		return out, format
	}
	return nil, ""
}

// shimTable reads a table of entries whose paths stand behind it; whether it is of
// 64 bits shows in the first.
func shimTable(b le.Bytes, head, narrow, wide, flags32, flags64 int, seven bool) []shimEntry {
	n := int(min(b.U32(4), maxShims))
	size, is64 := narrow, false
	if b.U32(head+4) == 0 && b.U32(head+12) == 0 {
		size, is64 = wide, true
	}
	var out []shimEntry
	for i := range n {
		e := b.Cut(head+i*size, size)
		if e == nil {
			break
		}
		length := int(e.U16(0))
		at, s := e.Int(4), shimEntry{modified: e.U64(8), executed: e.U32(flags32)&2 != 0}
		if is64 {
			at, s.modified, s.executed = e.Int(8), e.U64(16), e.U32(flags64)&2 != 0
		}
		if !seven {
			s.executed = false // a size stands there
		}
		if s.path = b.Wide(at, length); at >= 0 {
			out = append(out, s)
		}
	}
	return out
}

// samUser is an account of the machine.
func samUser(h *hive) error {
	f, v := h.value("F"), h.value("V")
	if f == nil || len(f.Data) < 68 {
		return nil
	}
	name := ""
	if v != nil {
		name = foreignText(v.Data.Wide(0xcc+int(v.Data.U32(12)&0xffffff), int(min(v.Data.U32(16), 512))))
	}
	rid := strconv.Itoa(int(f.Data.U32(48)))
	flags := f.Data.U16(56)
	for _, t := range []struct {
		at           int
		kind         timeline.TimeKind
		action, what string
		outcome      string
	}{{8, timeline.Started, "login", "last login of ", "success"}, {24, timeline.Changed, "password", "password set of ", ""}, {40, timeline.Logged, "login", "last failed login of ", "failure"}} {
		when := fileTime(f.Data.U64(t.at))
		if when.IsZero() {
			continue
		}
		e := h.fact("sam", t.what+named(name)+" (RID "+rid+")", attrAction, t.action, attrOutcome, t.outcome, "rid", rid, "logins", strconv.Itoa(int(f.Data.U16(66))))
		if flags&1 != 0 {
			e.Attributes.Set("enabled", "no")
		}
		e.Time, e.TimeKind, e.User = when, t.kind, name
		if err := h.put(f.Offset, e); err != nil {
			return err
		}
	}
	if name == "" {
		return nil
	}
	return h.put(h.key.Offset, h.fact("sam", fmt.Sprintf("account %s (RID %s)", name, rid), "target_user", name, "rid", rid))
}
