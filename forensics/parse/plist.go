package parse

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/forensics/formats/plist"
	"firebreak/timeline"
)

// parsePlist reads the property lists that say what starts by itself (launchd),
// who may log in (accounts of this machine), and what Safari downloaded. Any
// other is kept as evidence.
func parsePlist(j *job, r *bufio.Reader) error {
	b, err := io.ReadAll(io.LimitReader(&patient{j, r}, plist.MaxSize+1))
	if err != nil {
		return err
	}
	v, err := plist.Read(b)
	if errors.Is(err, plist.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	d, ok := v.(plist.Dict)
	if !ok {
		d = plist.Dict{}
	}
	switch {
	case d.Text("Label") != "" && (d["ProgramArguments"] != nil || d["Program"] != nil || d["BundleProgram"] != nil):
		return tellLaunchd(j, d)
	case d["uid"] != nil && d["gid"] != nil && (d["generateduid"] != nil || d["home"] != nil):
		return tellMacAccount(j, d)
	case d["DownloadHistory"] != nil:
		return tellSafariDownloads(j, d)
	}
	j.note("nothing here knows this property list: it is kept as evidence")
	return nil
}

// plainTexts cleans texts; what is odd about them is said of the event.
func plainTexts(a *timeline.Attributes, texts ...string) []string {
	for i, s := range texts {
		t, odd := clean([]byte(s))
		if texts[i] = t; odd {
			a.Set(attrEncoding, "escaped")
		}
	}
	return texts
}

// tellLaunchd tells of a job of launchd: modified when its file was.
//
// Reference: launchd.plist(5) of macOS.
func tellLaunchd(j *job, d plist.Dict) error {
	path := settingsPath(j.src.Exhibit.Source)
	e := timeline.Event{Source: "unit", TimeKind: timeline.Modified, Precision: timeline.Nanosecond}
	if b := j.src.Exhibit.Before; b != nil && sane(b.Modified) {
		e.Time = b.Modified.UTC()
	}
	a := &e.Attributes
	argv := plainTexts(a, slices.Clone(d.Texts("ProgramArguments"))...)
	t := plainTexts(a, d.Text("Label"), cmp.Or(d.Text("Program"), d.Text("BundleProgram")), d.Text("UserName"), d.Text("StandardOutPath"),
		strings.Join(d.Texts("WatchPaths"), " "), strings.Join(d.Texts("QueueDirectories"), " "), strings.Join(d.Texts("LimitLoadToSessionType"), " "))
	exe := t[1]
	if exe == "" && len(argv) > 0 {
		exe = argv[0]
	}
	command := strings.Join(argv, " ")
	var when []string
	for _, key := range []string{"RunAtLoad", "KeepAlive", "StartOnMount", "Disabled"} {
		switch v := d[key].(type) {
		case bool:
			if v {
				when = append(when, key)
			}
		case plist.Dict:
			when = append(when, key)
		}
	}
	if n, ok := d["StartInterval"].(int64); ok {
		when = append(when, "every "+strconv.FormatInt(n, 10)+" s")
	}
	for _, key := range []string{"StartCalendarInterval", "WatchPaths", "QueueDirectories", "Sockets", "MachServices"} {
		if d[key] != nil {
			when = append(when, key)
		}
	}
	kind := "job of launchd"
	switch {
	case strings.Contains(path, "/LaunchDaemons/"):
		kind = "launch daemon"
		e.User = cmp.Or(t[2], "root")
	case strings.Contains(path, "/LaunchAgents/"):
		kind, e.User = "launch agent", cmp.Or(t[2], homeOf(path))
	}
	e.Message = say(kind, t[0], pre("runs ", cmp.Or(command, exe)), post(strings.Join(when, ", ")))
	setAll(a, "label", t[0], "path", path, "exe", exe, attrCommand, cmp.Or(command, exe), "runs_when", strings.Join(when, ", "), "output", t[3],
		"watched", t[4], "queues", t[5], "session_type", t[6])
	if env, ok := d["EnvironmentVariables"].(plist.Dict); ok {
		var names []string
		for name, v := range env { // values may be secrets; those that load a library are not
			if strings.HasPrefix(name, "DYLD_") {
				name = fmt.Sprintf("%s=%v", name, v)
			}
			names = append(names, name)
		}
		slices.Sort(names)
		a.Set("environment", plainTexts(a, strings.Join(names[:min(len(names), 64)], " "))[0])
	}
	return j.add(0, e)
}

// tellMacAccount tells of an account of the machine's own folder of users. Its
// password, in any form, is never read.
func tellMacAccount(j *job, d plist.Dict) error {
	e := timeline.Event{Source: "account", TimeKind: timeline.Modified, Precision: timeline.Nanosecond}
	a := &e.Attributes
	one := func(key string) string { return plainTexts(a, strings.Join(d.Texts(key), " "))[0] }
	if b := j.src.Exhibit.Before; b != nil && sane(b.Modified) {
		e.Time = b.Modified.UTC()
	}
	e.User = plainTexts(a, append(slices.Clone(d.Texts("name")), "")[0])[0]
	setAll(a, "names", one("name"), "uid", one("uid"), "gid", one("gid"), "home", one("home"), "shell", one("shell"), "full_name", one("realname"),
		"guid", one("generateduid"), "hidden", one("IsHidden"), "path", settingsPath(j.src.Exhibit.Source))
	words := ""
	if d["ShadowHashData"] != nil {
		words = "with a password"
		a.Set("password", "set (not copied)")
	}
	e.Message = say("account", named(e.User), "uid", a.Get("uid"), pre("home ", a.Get("home")), pre("shell ", a.Get("shell")), words)
	if err := j.add(0, e); err != nil {
		return err
	}
	for _, raw := range d.Texts("accountPolicyData") { // older systems keep it as text
		if err := accountPolicy(j, e, []byte(raw)); err != nil {
			return err
		}
	}
	list, _ := d["accountPolicyData"].([]any)
	for _, v := range list {
		if b, ok := v.([]byte); ok {
			if err := accountPolicy(j, e, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// accountPolicy reads when the account was made, its password set, and a login
// failed last: seconds since 1970.
func accountPolicy(j *job, of timeline.Event, b []byte) error {
	v, err := plist.Read(b)
	if err != nil {
		j.note("what the account's file says of its policy is damaged")
		return nil //nolint:nilerr // noted: the account itself was told
	}
	d, _ := v.(plist.Dict)
	for _, x := range []struct {
		key, words, action, outcome string
		kind                        timeline.TimeKind
	}{
		{"creationTime", "made: ", "create", "", timeline.Born},
		{"passwordLastSetTime", "password set: ", "modify", "", timeline.Modified},
		{"failedLoginTimestamp", "login failed last: ", "login", "failure", timeline.Logged},
	} {
		f, ok := d[x.key].(float64)
		if n, is := d[x.key].(int64); is {
			f, ok = float64(n), true
		}
		if !ok || !(f > 0 && f < maxSeconds) {
			continue
		}
		e := of
		e.Attributes = append(timeline.Attributes(nil), of.Attributes...)
		micro := int64(f * 1e6)
		e.Time, e.Precision, e.TimeKind = time.UnixMicro(micro).UTC(), timeline.Microsecond, x.kind
		e.Message = x.words + of.Message
		setAll(&e.Attributes, attrAction, x.action, attrOutcome, x.outcome)
		if n, ok := d["failedLoginCount"].(int64); ok && x.outcome != "" {
			e.Attributes.Set("failures", strconv.FormatInt(n, 10))
		}
		if err := j.add(0, e); err != nil {
			return err
		}
	}
	return nil
}

// tellSafariDownloads tells of Downloads.plist of Safari.
func tellSafariDownloads(j *job, d plist.Dict) error {
	list, _ := d["DownloadHistory"].([]any)
	for i, v := range list {
		one, ok := v.(plist.Dict)
		if !ok {
			j.reject(0, nil, "entry "+strconv.Itoa(i)+" is no dictionary")
			continue
		}
		e := timeline.Event{Source: "browser", TimeKind: timeline.Started, Precision: timeline.Second, User: browserUser(j.src.Exhibit.Source)}
		a := &e.Attributes
		t := plainTexts(a, one.Text("DownloadEntryURL"), one.Text("DownloadEntryPath"), one.Text("DownloadEntryIdentifier"))
		if at, ok := one["DownloadEntryDateAddedKey"].(time.Time); ok && sane(at) {
			e.Time = at
		}
		e.Message = "download of " + named(t[0]) + " to " + named(t[1])
		setAll(a, attrAction, "download", "url", t[0], "path", t[1], "download_id", t[2])
		for key, name := range map[string]string{"DownloadEntryProgressBytesSoFar": "bytes", "DownloadEntryProgressTotalToLoad": "bytes_total"} {
			if n, ok := one[key].(int64); ok {
				a.Set(name, strconv.FormatInt(n, 10))
			}
		}
		end, ended := one["DownloadEntryDateFinishedKey"].(time.Time)
		last := e
		last.Attributes = append(timeline.Attributes(nil), e.Attributes...)
		if err := j.add(0, e); err != nil {
			return err
		}
		if ended && sane(end) && !end.Equal(e.Time) {
			last.Time, last.TimeKind, last.Message = end, timeline.Ended, "end of the "+last.Message
			if err := j.add(0, last); err != nil {
				return err
			}
		}
	}
	return nil
}
