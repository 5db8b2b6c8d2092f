package foreign

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// kinds are the kinds of archives in the order in which they are asked.
func kinds() []kind { return []kind{uac{}, velociraptor{}, kape{}, cylr{}, files{}} }

// kindOf finds out of which kind an archive is by the names in it. base is the
// folder in which everything of it lies.
func kindOf(names []string) (name string, k kind, base string) {
	base = commonBase(names)
	inner := make([]string, 0, len(names))
	for _, n := range names {
		inner = append(inner, strings.TrimPrefix(n, base))
	}
	has := func(list []string, want ...string) bool {
		return slices.ContainsFunc(list, func(n string) bool { return slices.Contains(want, n) })
	}
	begins := func(list []string, with string) bool {
		return slices.ContainsFunc(list, func(n string) bool { return strings.HasPrefix(n, with) })
	}
	for _, at := range []struct {
		base string
		list []string
	}{{"", names}, {base, inner}} {
		switch {
		case has(at.list, "uac.log"), begins(at.list, "[root]/") && begins(at.list, "live_response/"):
			return "uac", uac{}, at.base
		case has(at.list, "client_info.json", "collection_context.json"), has(at.list, "uploads.json") && begins(at.list, "uploads/"):
			return "velociraptor", velociraptor{}, at.base
		}
	}
	kapeLog := func(n string) bool {
		return strings.HasSuffix(n, "_CopyLog.csv") || strings.HasSuffix(n, "_CopyLog.csv.csv")
	}
	if i := slices.IndexFunc(names, kapeLog); i >= 0 {
		if folder := path.Dir(names[i]); folder != "." {
			return "kape", kape{}, folder + "/"
		}
		return "kape", kape{}, ""
	}
	// CyLR's log, since 2.2, or a drive's folder with a Windows tree in it.
	for _, at := range []struct {
		base string
		list []string
	}{{"", names}, {base, inner}} {
		if slices.ContainsFunc(at.list, func(n string) bool {
			return strings.HasPrefix(path.Base(n), "CyLR") && strings.HasSuffix(n, ".log") || isWindowsTree(n)
		}) {
			return "cylr", cylr{}, at.base
		}
	}
	if begins(names, "[root]/") {
		return "uac", uac{}, ""
	}
	if base != "" && !inTree(base+"x") && slices.ContainsFunc(inner, inTree) {
		return "files", files{}, base
	}
	return "files", files{}, ""
}

func isWindowsTree(n string) bool {
	_, rest, _ := strings.Cut(n, "/")
	rest = strings.ToLower(rest)
	return drivePath(n) != "" && (strings.HasPrefix(rest, "windows/") || strings.HasPrefix(rest, "users/") || strings.HasPrefix(rest, "$"))
}

// ofHost are the files of a host that tell its name and zone.
func ofHost(name string) bool {
	for _, want := range []string{"etc/hostname", "etc/timezone"} {
		if name == want || strings.HasSuffix(name, "/"+want) {
			return true
		}
	}
	return false
}

// uac is what UAC (Unix-like Artifacts Collector) leaves: [root]/ with the host's
// files, live_response/ with the output of commands, bodyfile/, uac.log, and with
// -H the lists hash_list.md5, .sha1 and .sha256. Source read: release 3.3.0.
type uac struct{}

func (uac) wants(name string) bool {
	base := path.Base(name)
	return base == "uac.log" || strings.HasPrefix(base, "hash_list.") || ofHost(name) || strings.HasSuffix(name, "live_response/system/hostname.txt")
}

func (uac) place(name string) string {
	if rest, ok := strings.CutPrefix(name, "[root]/"); ok {
		return clean(rest)
	}
	return ""
}

func (uac) key(name string) string { return name }

func (uac) learn(a *Archive, kept map[string][]byte) {
	a.Tool = "UAC"
	for line := range strings.Lines(string(kept["uac.log"])) {
		// 2026-11-28 02:37:02 +0000 INF Hostname: vm
		when, rest, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " INF ")
		if !ok {
			continue
		}
		if t, err := time.Parse("2006-01-02 15:04:05 -0700", when); err == nil {
			if a.Started.IsZero() {
				a.Started = t.UTC()
			}
			a.Finished = t.UTC()
		}
		switch key, value, _ := strings.Cut(rest, ": "); key {
		case "Hostname":
			a.Host = value
		case "Time zone":
			a.Zone = zoneName(value)
		case "Operating system":
			a.System = value
		default:
			if v, ok := strings.CutPrefix(rest, "Unix-like Artifacts Collector "); ok {
				a.Tool = "UAC " + v
			}
		}
	}
	for _, list := range []string{"hash_list.md5", "hash_list.sha1", "hash_list.sha256"} {
		a.sumLines(kept[list], list)
	}
}

// cylr is what CyLR leaves: a zip with a folder for each drive (colons are left
// out of names), or, from Linux and macOS, the tree below the root. Source read:
// release 2.2.
type cylr struct{}

func (cylr) wants(name string) bool { return ofHost(name) }

func (cylr) place(name string) string {
	if p := drivePath(name); p != "" {
		return p
	}
	if inTree(name) || strings.HasPrefix(name, "Users/") || strings.HasPrefix(name, "Library/") || strings.HasPrefix(name, "private/") {
		return clean(name)
	}
	return ""
}

func (cylr) key(name string) string { return name }

func (cylr) learn(a *Archive, _ map[string][]byte) { a.Tool = "CyLR" }

// kape is a target folder of KAPE: a folder for each drive, and logs beside them;
// *_CopyLog.csv has the path, times and SHA-1 of each file.
type kape struct{}

func (kape) wants(name string) bool {
	return strings.HasSuffix(name, "_CopyLog.csv") || strings.HasSuffix(name, "_CopyLog.csv.csv")
}

func (kape) place(name string) string { return drivePath(name) }

func (kape) key(name string) string { return name }

func (kape) learn(a *Archive, kept map[string][]byte) {
	a.Tool = "KAPE"
	for name, b := range kept {
		a.kapeRows(name, strings.TrimPrefix(string(b), "\ufeff"))
	}
}

// kapeRows reads a copy log. The destination ends with the member's name: what
// stands before it was the folder on the machine that ran KAPE.
func (a *Archive) kapeRows(from, text string) {
	rows := csv.NewReader(strings.NewReader(text))
	rows.FieldsPerRecord, rows.LazyQuotes, rows.ReuseRecord = -1, true, true
	var column map[string]int
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			a.Notes = append(a.Notes, from+": "+err.Error())
			return
		}
		if column == nil {
			column = map[string]int{}
			for i, name := range row {
				column[name] = i
			}
			continue
		}
		get := func(name string) string {
			if i, ok := column[name]; ok && i < len(row) {
				return strings.Clone(row[i])
			}
			return ""
		}
		when := func(name string) time.Time {
			t, err := time.Parse("2006-01-02 15:04:05.9999999", get(name))
			if err != nil {
				return time.Time{}
			}
			return t
		}
		source, to := get("SourceFile"), strings.ReplaceAll(get("DestinationFile"), `\`, "/")
		inner := kapeMember(source, to)
		if inner == "" {
			continue
		}
		if t := when("CopiedTimestamp"); !t.IsZero() {
			if a.Started.IsZero() || t.Before(a.Started) {
				a.Started = t.UTC()
			}
			if t.After(a.Finished) {
				a.Finished = t.UTC()
			}
		}
		a.facts[inner] = fact{path: source, stat: statOf(when("ModifiedOnUtc"), when("LastAccessedOnUtc"), time.Time{}, when("CreatedOnUtc"))}
		a.claim(inner, get("SourceFileSha1"), from)
	}
}

// kapeMember is the part of the destination that begins with the drive's folder.
func kapeMember(source, to string) string {
	drive, _, ok := strings.Cut(source, ":")
	if !ok || len(drive) != 1 {
		return ""
	}
	rest := strings.ReplaceAll(source[2:], `\`, "/")
	for _, d := range []string{drive, strings.ToUpper(drive), strings.ToLower(drive)} {
		if strings.HasSuffix(to, "/"+d+rest) {
			return d + rest
		}
	}
	for _, d := range []string{strings.ToUpper(drive), strings.ToLower(drive)} { // $J and its like were renamed
		if i := strings.LastIndex(to, "/"+d+"/"); i >= 0 {
			return to[i+1:]
		}
	}
	return ""
}

// velociraptor is what Velociraptor's offline collector leaves: uploads/ACCESSOR/
// with the host's files, names escaped by percent signs; results/ with the rows of
// each artefact; uploads.json, client_info.json, collection_context.json. Times and
// hashes stand in the rows of artefacts that upload. Source read: reporting/container.go.
type velociraptor struct{}

func (velociraptor) wants(name string) bool {
	switch path.Base(name) {
	case "client_info.json", "collection_context.json", "uploads.json":
		return true
	}
	return strings.HasPrefix(name, "results/") && strings.HasSuffix(name, ".json") || strings.Contains(name, "/results/") && strings.HasSuffix(name, ".json") || ofHost(name)
}

func (velociraptor) place(name string) string {
	rest, ok := strings.CutPrefix(name, "uploads/")
	if !ok {
		return ""
	}
	accessor, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(rest, "/") {
		parts = append(parts, percent(part))
	}
	return uploadPlace(percent(accessor), parts)
}

// uploadPlace is the path on its host of what an accessor read.
func uploadPlace(accessor string, parts []string) string {
	first := parts[0]
	for _, device := range []string{`\\.\`, `\\?\`} {
		first = strings.TrimPrefix(first, device)
	}
	if len(first) == 2 && first[1] == ':' || first != parts[0] || accessor == "ntfs" {
		return strings.Join(append([]string{first}, parts[1:]...), `\`)
	}
	return clean(strings.Join(parts, "/"))
}

func (v velociraptor) key(name string) string {
	if p := v.place(name); p != "" {
		return p
	}
	return name
}

// percent takes escapes by percent signs off, where they are some.
func percent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte("0123456789abcdef", s[i+1]|0x20), strings.IndexByte("0123456789abcdef", s[i+2]|0x20)
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo)) //nolint:gosec // two digits
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	if text := b.String(); utf8.ValidString(text) && !strings.ContainsRune(text, 0) {
		return text
	}
	return escaped(b.String())
}

func (velociraptor) learn(a *Archive, kept map[string][]byte) {
	a.Tool = "Velociraptor"
	var info struct {
		Hostname, Fqdn, OS, Platform, System, Version, BuildTime string
	}
	if err := json.Unmarshal(kept["client_info.json"], &info); err == nil {
		a.Host, a.System = info.Hostname, strings.TrimSpace(info.OS+" "+info.Platform)
		if info.Version != "" {
			a.Tool += " " + info.Version
		}
	}
	a.velociraptorContext(kept["collection_context.json"])
	sizes := map[string]bool{}
	for name, b := range kept {
		if name == "uploads.json" || strings.HasPrefix(name, "results/") {
			a.velociraptorRows(name, b, sizes)
		}
	}
}

func (a *Archive) velociraptorContext(b []byte) {
	var c struct {
		Created json.Number `json:"create_time"`
		Active  json.Number `json:"active_time"`
		Client  string      `json:"client_id"`
	}
	if json.Unmarshal(b, &c) != nil {
		return
	}
	for _, t := range []struct {
		n  json.Number
		to *time.Time
	}{{c.Created, &a.Started}, {c.Active, &a.Finished}} { // microseconds
		if n, err := t.n.Int64(); err == nil && n > 0 {
			*t.to = time.UnixMicro(n).UTC()
		}
	}
}

// upload is a row that tells of a file, in the names of uploads.json and of the
// artefacts that collect files.
type upload struct {
	Path       string   `json:"vfs_path"`
	Components []string `json:"_Components"`
	Size       *uint64  `json:"file_size"`
	Stored     *uint64  `json:"uploaded_size"`
	Type       string

	Source       string `json:"SourceFile"`
	SHA256       string `json:"SourceFileSha256"`
	Modified     time.Time
	Changed      time.Time
	LastAccessed time.Time
	Created      time.Time
	Upload       *stored
}

// stored is what uploading a file gave.
type stored struct {
	Components []string
	SHA256     string `json:"sha256"`
	MD5        string `json:"md5"`
}

// velociraptorRows reads JSON values one behind the other.
func (a *Archive) velociraptorRows(from string, b []byte, sizes map[string]bool) {
	d := json.NewDecoder(strings.NewReader(string(b)))
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			if !errors.Is(err, io.EOF) {
				a.Notes = append(a.Notes, from+": "+err.Error())
			}
			return
		}
		var u upload
		if json.Unmarshal(raw, &u) != nil {
			continue // a row of something else
		}
		a.velociraptorRow(from, u, sizes)
	}
}

func (a *Archive) velociraptorRow(from string, u upload, sizes map[string]bool) {
	switch {
	case len(u.Components) > 2 && u.Components[0] == "uploads":
		name := uploadPlace(u.Components[1], u.Components[2:])
		if u.Type == "idx" {
			return
		}
		f := a.facts[name]
		if u.Size != nil && u.Stored != nil && *u.Size != *u.Stored && !sizes[name] {
			sizes[name] = true
			f.notes = append(f.notes, fmt.Sprintf("the file has %d bytes, %d were taken: it is sparse, or it was cut", *u.Size, *u.Stored))
		}
		a.facts[name] = f
	case u.Upload != nil && len(u.Upload.Components) > 2 && u.Upload.Components[0] == "uploads":
		name := uploadPlace(u.Upload.Components[1], u.Upload.Components[2:])
		a.claim(name, u.Upload.SHA256, from)
		a.claim(name, u.Upload.MD5, from)
	case u.Source != "":
		name := strings.TrimPrefix(u.Source, `\\.\`)
		f := a.facts[name]
		f.stat = statOf(u.Modified, u.LastAccessed, u.Changed, u.Created)
		a.facts[name] = f
		a.claim(name, u.SHA256, from)
	}
}

// files is any other archive: the tree of a host, or a heap of logs.
type files struct{}

func (files) wants(name string) bool { return ofHost(name) }

func (files) key(name string) string { return name }

func (files) place(name string) string {
	if p := drivePath(name); p != "" {
		return p
	}
	if strings.HasPrefix(name, "/") || inTree(name) {
		return clean(name)
	}
	return ""
}

func (files) learn(*Archive, map[string][]byte) {}
