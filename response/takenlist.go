package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"firebreak/forensics/container"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store"
)

// A collection that was killed cannot go on in its container, which its own host
// cannot read. What it took whole is listed beside it, without names, so that
// another one leaves that out.

// listBeside is the name of that list.
func listBeside(file string) string { return file + ".taken" }

// takeRest is the hint of how to go on from a list; "" without one.
func takeRest(list string) string {
	if list == "" {
		return ""
	}
	return "go on with the rest: firebreak collect --to ANOTHER --resume-from " + list
}

// takenList is a list on its way to the disk, beside a container that is written to
// a file. A nil one does nothing.
type takenList struct {
	of     *local
	name   string
	in     string
	f      *os.File
	lines  bytes.Buffer // that wait until their bytes are on the disk
	synced int64        // of the container
	broken bool
	tell   func(string)
}

// listEvery is how much of a container is written between two looks at the disk.
const listEvery = 8 << 20

// list begins a list, if the container is written to a file. One that is there is
// only replaced when it is gone on from.
func (x *exit) list(from string, p ProgressFunc) (*takenList, error) {
	if x.file == nil {
		return nil, nil //nolint:nilnil // where nothing is written, nothing is listed
	}
	name := listBeside(x.file.to)
	if there, err := os.Stat(name); err == nil {
		if given, err := os.Stat(from); err != nil || !os.SameFile(there, given) {
			return nil, refused(takeRest(name), "write %s: %s is there, of a collection that was cut", x.file.to, name)
		}
	}
	l := &takenList{of: x.file, name: name, tell: func(what string) { tell(p, what, 0, 0) }}
	x.file.list = l
	return l, nil
}

// begin writes what is known before the container's own items.
func (l *takenList) begin(id string, before *container.Taken) error {
	if l == nil {
		return nil
	}
	if before == nil {
		before = &container.Taken{}
	}
	var b bytes.Buffer
	if _, err := before.WriteTo(&b); err != nil {
		return err
	}
	l.in = id
	b.WriteString(container.TakenIn(id))
	if err := durable.Replace(l.name, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", l.name, err)
	}
	var err error
	if l.f, err = os.OpenFile(l.name, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return fmt.Errorf("write %s: %w", l.name, err)
	}
	return nil
}

// whole is told of items that can be read from what is in the file.
func (l *takenList) whole() func([]record.Exhibit) {
	if l == nil {
		return nil
	}
	return func(items []record.Exhibit) {
		var t container.Taken
		for _, e := range items {
			if line, ok := t.Add(l.in, e); ok {
				l.lines.WriteString(line)
			}
		}
		l.grown()
	}
}

// grown writes the list on, now and then.
func (l *takenList) grown() {
	if l != nil && l.lines.Len() > 0 && l.of.n-l.synced >= listEvery {
		l.flush()
	}
}

// flush brings the container's bytes onto the disk, then the lines that speak of
// them. Where that fails, the list ends: what is not in it is taken again.
func (l *takenList) flush() {
	if l.broken {
		l.lines.Reset()
		return
	}
	err := l.of.f.Sync()
	if err == nil {
		l.synced = l.of.n
		_, err = l.f.Write(l.lines.Bytes())
	}
	l.lines.Reset()
	if err != nil {
		l.broken = true
		l.tell(fmt.Sprintf("note: %s ends here: %v", l.name, err))
	}
}

// end takes the list away when nothing is missing, and else returns its name beside
// the error that it was given.
func (l *takenList) end(whole bool, why error) (string, error) {
	if l == nil || l.f == nil {
		return "", why
	}
	if whole {
		return "", errors.Join(why, l.drop())
	}
	if l.lines.Len() > 0 && !l.broken { // the container has its name, and is on the disk, or is left as it is
		if _, err := l.f.Write(l.lines.Bytes()); err != nil {
			why = errors.Join(why, err)
		}
	}
	return l.name, errors.Join(why, l.f.Sync(), l.f.Close())
}

// drop takes the list away.
func (l *takenList) drop() error {
	if l == nil || l.f == nil {
		return nil
	}
	return errors.Join(l.f.Close(), os.Remove(l.name))
}

// resumed reads the list of a file.
func (o TakeawayOptions) resumed() (*container.Taken, error) {
	if o.Resume {
		return nil, usage("--resume-from FILE", "collect --to: --resume is for an incident")
	}
	switch o.ResumeFrom {
	case "", "-":
		if o.ResumeFrom == "-" && o.ResumeIn == nil {
			return nil, usage("", "--resume-from -: nothing is there to read from")
		}
		return nil, nil //nolint:nilnil // nothing is gone on from
	}
	f, err := os.Open(o.ResumeFrom)
	if err != nil {
		return nil, fmt.Errorf("read --resume-from: %w", err)
	}
	defer f.Close() //nolint:errcheck // it is read only
	t, err := container.ReadTaken(f)
	if errors.Is(err, container.ErrTaken) {
		return nil, usage("FILE.taken beside the container that was cut, or what firebreak verify --container FILE --taken LIST writes", "--resume-from %s: %w", o.ResumeFrom, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", o.ResumeFrom, err)
	}
	return t, nil
}

// listIn reads the list of a stream. One that does not arrive is no reason to
// collect nothing: then everything is taken.
func (o TakeawayOptions) listIn(p ProgressFunc) *container.Taken {
	t, err := container.ReadTaken(o.ResumeIn)
	if err = errors.Join(err, o.ResumeIn.Close()); err != nil {
		tell(p, fmt.Sprintf("note: everything is taken: %v", err), 0, 0)
		return nil
	}
	return t
}

// heldFiles lists what an incident holds of files that did not change while they were
// read.
func heldFiles(ctx context.Context, f *folder) (*container.Taken, error) {
	t := &container.Taken{}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		for _, x := range xs {
			if x.Erased == "" && !x.Elsewhere {
				t.Add(string(f.id), x.Exhibit)
			}
		}
		return err
	})
	return t, err
}

// ListTaken verifies a container to its end and, where file is not "", writes the
// list of the files that it holds whole, for collect --resume-from on its host, and
// says how many those are. Errors are those of container.Reader.Each and of files.
func ListTaken(ctx context.Context, r *container.Reader, file string) (container.Report, int, error) {
	if file == "" {
		report, err := r.Verify(ctx)
		return report, 0, err
	}
	if _, err := os.Lstat(file); err == nil {
		return container.Report{}, 0, refused("name another file", "write %s: %w", file, fs.ErrExist)
	}
	t := &container.Taken{}
	found := make(chan record.Exhibit)
	listed := make(chan struct{})
	go func() {
		defer close(listed)
		for e := range found {
			t.Add(r.Head().ID, e)
		}
	}()
	report, err := r.Each(ctx, func(i *container.Item, content io.Reader) error {
		if _, err := io.Copy(io.Discard, content); errors.Is(err, container.ErrDropped) {
			return nil
		} else if err != nil {
			return err
		}
		if e, whole := i.End(); whole {
			found <- e
		}
		return nil
	})
	close(found)
	<-listed
	if err != nil {
		return report, 0, err
	}
	var b bytes.Buffer
	if _, err = t.WriteTo(&b); err == nil {
		err = durable.Replace(file, b.Bytes(), 0o600)
	}
	if err != nil {
		return report, 0, &Error{Code: CodeInternal, Err: fmt.Errorf("write %s: %w", file, err)}
	}
	return report, t.Len(), nil
}
