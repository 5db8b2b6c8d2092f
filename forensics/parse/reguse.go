package parse

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"firebreak/forensics/formats/registry"
	"firebreak/timeline"
)

// What was opened, typed, connected and installed.

// inOrder is the names of a list's values, the last used first.
func inOrder(vals []registry.Value) []string {
	for i := range vals {
		v := &vals[i]
		switch {
		case strings.EqualFold(v.Name, "MRUListEx"):
			var out []string
			for at := 0; at+4 <= len(v.Data); at += 4 {
				n := binary.LittleEndian.Uint32(v.Data[at:])
				if n == 0xffffffff {
					break
				}
				out = append(out, strconv.FormatUint(uint64(n), 10))
			}
			return out
		case strings.EqualFold(v.Name, "MRUList"):
			return strings.Split(v.Data.Wide(0, len(v.Data)), "")
		}
	}
	return nil
}

// runMRU is what was typed into the dialogue that runs programs. Only the last
// has the key's time.
func runMRU(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	order := inOrder(vals)
	for i := range vals {
		v := &vals[i]
		if strings.EqualFold(v.Name, "MRUList") || v.Type != registry.Text {
			continue
		}
		command, _ := shortText(v)
		command = strings.TrimSuffix(command, `\1`)
		e := h.fact("runmru", "run by the Run dialogue: "+command, attrAction, "exec", attrCommand, command, "value", foreignText(v.Name))
		e.TimeKind = timeline.Started
		if len(order) == 0 || order[0] != v.Name {
			e.Time, e.TimeKind = fileTime(0), timeline.Undated
		}
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// typed is what was typed into the bars of a browser, of the explorer, of the
// remote desktop. Internet Explorer keeps the times in a key beside; else only the
// first has the key's.
func typed(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	times := map[string]uint64{}
	if strings.HasSuffix(strings.ToLower(h.key.Path), "typedurls") {
		beside, err := h.beside("TypedURLsTime")
		if err != nil {
			return err
		}
		if beside != nil {
			tv, _, err := beside.Values(4096)
			if err != nil {
				return err
			}
			for _, v := range tv {
				times[strings.ToLower(v.Name)] = v.Data.U64(0)
			}
		}
	}
	for i := range vals {
		v := &vals[i]
		text, _ := shortText(v)
		lower := strings.ToLower(v.Name)
		if v.Type != registry.Text || text == "" || !strings.HasPrefix(lower, "url") && !strings.HasPrefix(lower, "mru") {
			continue
		}
		e := h.fact("typed", "typed: "+text, "value", foreignText(v.Name))
		switch {
		case strings.Contains(text, "://"):
			e.Attributes.Set(attrAction, "visit")
			e.Attributes.Set("url", text)
		case strings.HasPrefix(lower, "mru"):
			e.Attributes.Set(attrAction, "connect")
			e.Attributes.Set("dst_host", text)
		default:
			e.Attributes.Set("path", text)
		}
		e.TimeKind = timeline.Accessed
		if t := fileTime(times[lower]); !t.IsZero() {
			e.Time = t
		} else if lower != "url1" && lower != "mru0" {
			e.Time, e.TimeKind = t, timeline.Undated
		}
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// beside is a key of that name below the same one, nil where there is none.
func (h *hive) beside(name string) (*registry.Key, error) {
	if k := h.times; k != nil && strings.EqualFold(k.Name, name) && strings.EqualFold(above(k.Path), above(h.key.Path)) {
		return k, nil
	}
	parent, err := h.key.Parent()
	if err != nil || parent == nil {
		return nil, err
	}
	return parent.Child(name)
}

// above is the path of the key above.
func above(path string) string { return path[:max(strings.LastIndexByte(path, '\\'), 0)] }

// recentDocs is what was opened, of all kinds or of one. The first has the key's
// time; those behind it stand in one list.
func recentDocs(h *hive) error {
	vals, err := h.all()
	if err != nil {
		return err
	}
	byName := map[string]*registry.Value{}
	for i := range vals {
		byName[vals[i].Name] = &vals[i]
	}
	var names []string
	var first *registry.Value
	for _, n := range inOrder(vals) {
		v := byName[n]
		if v == nil {
			continue
		}
		name := v.Data.Wide(0, len(v.Data))
		if name == "" {
			continue
		}
		if first == nil {
			first = v
		}
		names = append(names, name)
	}
	if first == nil {
		return nil
	}
	what, name := "opened last: ", "recentdocs"
	if strings.HasSuffix(strings.ToLower(h.key.Path), "wordwheelquery") {
		what, name = "searched last: ", "search"
	}
	older, _ := listed(names[1:])
	e := h.fact(name, what+foreignText(names[0]), attrAction, "open", "path", foreignText(names[0]), "earlier", older)
	e.TimeKind = timeline.Accessed
	return h.put(first.Offset, e)
}

// mountPoint is a drive or a share that the user had.
func mountPoint(h *hive) error {
	name := foreignText(h.key.Name)
	e := h.fact("mountpoint", "mounted: "+name, attrAction, "mount", "volume", name)
	if share, ok := strings.CutPrefix(name, "##"); ok {
		share = `\\` + strings.ReplaceAll(share, "#", `\`)
		host, _, _ := strings.Cut(share[2:], `\`)
		e.Message = "mounted the share " + share
		e.Attributes.Set("dst_host", host)
		e.Attributes.Set("share", share)
	}
	e.TimeKind = timeline.Accessed
	return h.put(h.key.Offset, e)
}

// remoteServer is one that the user went to by remote desktop.
func remoteServer(h *hive) error {
	name, user := foreignText(h.key.Name), h.text("UsernameHint")
	message := "remote desktop to " + name
	if user != "" {
		message += " as " + user
	}
	return h.put(h.key.Offset, h.fact("remote desktop", message, attrAction, "connect", "dst_host", name, "target_user", user))
}

// networkProfile is a network that the machine was in. Its times are local.
func networkProfile(h *hive) error {
	name := h.text("ProfileName")
	for _, t := range []struct {
		value, what string
		kind        timeline.TimeKind
	}{{"DateCreated", "first in the network ", timeline.Born}, {"DateLastConnected", "last in the network ", timeline.Started}} {
		v := h.value(t.value)
		if v == nil {
			continue
		}
		when, ok := v.Data.Systemtime(0)
		if !ok {
			continue
		}
		e := h.fact("network", t.what+named(name), attrAction, "connect", "network", name)
		e.TimeKind, e.Precision = t.kind, timeline.Millisecond
		e.Time = h.localTime(when, &e.Attributes)
		if err := h.put(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}

// usbDevice is a device of storage that was plugged in.
func usbDevice(h *hive) error {
	parts := strings.Split(foreignText(h.key.Path), `\`)
	model, serial := parts[len(parts)-2], parts[len(parts)-1]
	name := h.text("FriendlyName")
	e := h.fact("usb", "USB storage: "+named(name)+" ("+serial+")", attrAction, "connect", "device", model, "serial", serial, "description", name)
	return h.put(h.key.Offset, e)
}

// usbTime is when a device was installed, plugged in and removed: properties 0064
// to 0067 of the device.
func usbTime(h *hive) error {
	kinds := map[string]struct {
		what, action string
		kind         timeline.TimeKind
	}{
		"0064": {"installed", "install", timeline.Installed}, "0065": {"first installed", "install", timeline.Installed},
		"0066": {"last plugged in", "connect", timeline.Started}, "0067": {"last removed", "disconnect", timeline.Ended},
	}
	k, ok := kinds[h.key.Name]
	v := h.value("")
	if !ok || v == nil || len(v.Data) < 8 {
		return nil
	}
	parts := strings.Split(foreignText(h.key.Path), `\`)
	model, serial := parts[len(parts)-5], parts[len(parts)-4]
	e := h.fact("usb", "USB storage "+k.what+": "+model+" ("+serial+")", attrAction, k.action, "device", model, "serial", serial)
	if e.Time, e.TimeKind = fileTime(v.Data.U64(0)), k.kind; e.Time.IsZero() {
		return nil
	}
	return h.put(v.Offset, e)
}

// timeZone is the machine's.
func timeZone(h *hive) error {
	name := h.text("TimeZoneKeyName")
	if name == "" {
		name = h.text("StandardName")
	}
	v := h.value("ActiveTimeBias")
	if v == nil {
		v = h.value("Bias")
	}
	if v == nil || len(v.Data) < 4 {
		return nil
	}
	n := v.Data.U32(0)
	bias := int(n>>31)<<32 - int(n) // minutes to add to local time
	sign := "+"
	if bias < 0 {
		sign, bias = "-", -bias
	}
	offset := fmt.Sprintf("%s%02d:%02d", sign, bias/60, bias%60)
	h.note("the machine's time zone is " + named(name) + ", UTC" + offset)
	return h.put(h.key.Offset, h.fact("time zone", "time zone: "+named(name)+", UTC"+offset, "zone", name, "utc_offset", offset))
}

// uninstall is a program that was installed.
func uninstall(h *hive) error {
	name := h.text("DisplayName")
	if name == "" {
		return nil
	}
	version := h.text("DisplayVersion")
	return h.put(h.key.Offset, h.fact("installed", say("installed:", name, version), attrAction, "install", "package", name, "version", version, "publisher", h.text("Publisher"),
		"install_date", h.text("InstallDate"), "path", h.text("InstallLocation"), "uninstall", h.text("UninstallString")))
}

// hash1 is the SHA-1 of AmCache's ids, which have four zeros before it.
func hash1(id string) string {
	if s, ok := strings.CutPrefix(id, "0000"); ok && len(s) == 40 {
		return strings.ToLower(s)
	}
	return ""
}

// amcacheFile is a program that Windows made an inventory of.
func amcacheFile(h *hive) error {
	p := h.text("LowerCaseLongPath")
	if p == "" {
		return nil
	}
	return h.put(h.key.Offset, h.fact("amcache", "program in the inventory: "+p, "exe", p, "path", p, "hash_sha1", hash1(h.text("FileId")), "size", h.text("Size"), "publisher", h.text("Publisher"),
		"product", h.text("ProductName"), "version", h.text("Version"), "linked", h.text("LinkDate"), "process", h.text("Name")))
}

func amcacheProgram(h *hive) error {
	name := h.text("Name")
	if name == "" {
		return nil
	}
	return h.put(h.key.Offset, h.fact("amcache", say("installed:", name, h.text("Version")), attrAction, "install", "package", name, "version", h.text("Version"), "publisher", h.text("Publisher"),
		"install_date", h.text("InstallDate"), "path", h.text("RootDirPath"), "uninstall", h.text("UninstallString")))
}

func amcacheDriver(h *hive) error {
	p := foreignText(h.key.Name)
	return h.put(h.key.Offset, h.fact("amcache", "driver in the inventory: "+p, "path", p, "hash_sha1", hash1(h.text("DriverId")), "service", h.text("Service"), "publisher", h.text("DriverCompany"),
		"signed", h.text("DriverSigned"), "version", h.text("DriverVersion")))
}

// amcacheOld is a program in the inventory of Windows 8: values have numbers.
func amcacheOld(h *hive) error {
	p := h.text("15")
	if p == "" {
		return nil
	}
	attrs := []string{"exe", p, "path", p, "hash_sha1", hash1(h.text("101")), "product", h.text("0"), "publisher", h.text("1"), "size", h.text("6"), "version", h.text("5")}
	if err := h.put(h.key.Offset, h.fact("amcache", "program in the inventory: "+p, attrs...)); err != nil {
		return err
	}
	if v := h.value("17"); v != nil && !fileTime(v.Data.U64(0)).IsZero() {
		e := h.fact("amcache", "last changed: "+p, attrs...)
		e.Time = fileTime(v.Data.U64(0))
		return h.put(v.Offset, e)
	}
	return nil
}
