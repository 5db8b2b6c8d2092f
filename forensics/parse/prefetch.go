package parse

import (
	"bufio"
	"errors"
	"strconv"
	"strings"

	"firebreak/forensics/formats/prefetch"
	"firebreak/timeline"
)

func isPrefetch(_ string, head []byte) bool { return prefetch.Is(head) }

// parsePrefetch makes an event of each run of a program that is dated, and of the
// creation of each volume that it read from. Counted runs that are not dated are
// no records: Windows keeps the last one or eight.
//
// Reference: package forensics/formats/prefetch.
func parsePrefetch(j *job, r *bufio.Reader) error {
	at, size, done, err := j.whole(r)
	if err != nil {
		return err
	}
	defer done()
	f, err := prefetch.Read(at, size)
	if errors.Is(err, prefetch.ErrFormat) {
		j.reject(0, nil, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range f.Problems {
		j.reject(0, nil, p)
	}
	if f.Packed {
		j.note("the file is packed: offsets are those in what it unpacks to")
	}
	exe, name := foreignText(f.Exe()), foreignText(f.Name)
	serials := map[string]bool{}
	var volumes []string
	for _, v := range f.Volumes {
		if !serials[v.Serial] {
			serials[v.Serial] = true
			volumes = append(volumes, v.Serial)
		}
	}
	files, all := listed(f.Files)
	runs := f.Runs
	if len(runs) == 0 && (f.Name != "" || f.Count > 0) {
		runs = []prefetch.Run{{Offset: 0}} // it ran; nothing says when
	}
	for i, run := range runs {
		e := timeline.Event{Time: run.Time, Precision: timeline.Nanosecond, TimeKind: timeline.Started, Source: "prefetch"}
		e.Message = "run of " + named(name)
		if exe != "" {
			e.Message = "run of " + exe
		}
		a := &e.Attributes
		a.Set(attrAction, "exec")
		set(a, "exe", exe)
		if i == 0 { // the last run: what it loaded is the file's, not each run's
			e.Message += ", " + strconv.Itoa(f.Count) + " in all"
			set(a, "loaded", files)
			if !all || f.More {
				a.Set(attrTruncated, "the list of loaded files")
			}
			setCount(a, "loaded_count", len(f.Files))
		} else {
			a.Set("earlier", strconv.Itoa(i))
		}
		a.Set("prefetch_hash", f.Hash)
		set(a, "process", name)
		a.Set("run_count", strconv.Itoa(f.Count))
		a.Set("version", strconv.Itoa(f.Version))
		set(a, "volume_serial", strings.Join(volumes, ", "))
		if err := j.add(run.Offset, e); err != nil {
			return err
		}
	}
	for _, v := range f.Volumes {
		e := timeline.Event{Time: v.Created, Precision: timeline.Nanosecond, TimeKind: timeline.Born, Source: "prefetch"}
		e.Message = "volume " + v.Serial + " was created (" + foreignText(v.Device) + "), read by " + named(name)
		a := &e.Attributes
		a.Set(attrAction, "create")
		setPlain(a, "device", v.Device)
		set(a, "process", name)
		a.Set("volume_serial", v.Serial)
		if err := j.add(v.Offset, e); err != nil {
			return err
		}
	}
	return nil
}
