package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
	"firebreak/timeline"
)

// ExportRequest says which events leave, in what form, and where to.
type ExportRequest struct {
	Filter string
	Format string    // one of ExportFormats; "" goes by the name of To
	To     string    // a file, "-" for Out, or the URL of a server
	Out    io.Writer // the standard output
	Exact  bool      // CSV for a reader that is no spreadsheet
	Table  string    // of ClickHouse, or the index of OpenSearch; "" is the usual one
	Secret string    // a reference to the server's password: env:NAME, file:/path, exec:program

	of     exported
	beside exportBeside
}

// EventsExported is what an export of events came to.
type EventsExported struct {
	Incident incident.ID `json:"incident"`
	To       string      `json:"export"`
	Format   string      `json:"format"`
	Events   int64       `json:"events"`
	LeftOut  int64       `json:"left_out"` // the format has no place for them
	Why      string      `json:"why,omitempty"`
	Bytes    int64       `json:"bytes"`
	SHA256   string      `json:"sha256,omitempty"` // of the file as it is on the disk

	InTheClear bool `json:"in_the_clear,omitempty"` // the workspace is encrypted, and the file is not
}

// ExportEvents writes the events that match, oldest first, and records that
// they left. It holds a page of them at a time. A file appears under its name
// whole or not at all; a server may keep what it took before a failure.
func (s *Session) ExportEvents(ctx context.Context, id incident.ID, r ExportRequest, p ProgressFunc) (out EventsExported, err error) {
	r.Format, r.To = splitFormat(r.Format, r.To)
	form, packing, err := r.form()
	if err != nil {
		return out, err
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return out, err
	}
	r.of = exported{service: s.s, incident: id}
	if r.of.said, r.of.version, err = f.sayingsAt(ctx); err != nil {
		return out, err
	}
	if f.readOnly {
		return out, refused("firebreak search INCIDENT --json --limit 0 prints them; or copy the folder to a place you can write to", "export %s: that events left must be recorded: %w", id, store.ErrReadOnly)
	}
	out = EventsExported{Incident: id, To: r.To, Format: form.Name}
	if r.To != "-" && form.server == nil {
		if out.InTheClear, err = s.s.InTheClear(r.To); err != nil {
			return out, err
		}
	}
	if form.server != nil {
		out.InTheClear = s.s.vault != nil
	}
	if r.beside, err = s.exportBeside(ctx, f); err != nil {
		return out, err
	}
	target, err := r.open(ctx, form, packing)
	if errors.Is(err, fs.ErrNotExist) && form.server == nil {
		return out, usage("make the folder first", "export: there is no folder %s", filepath.Dir(r.To))
	}
	if err != nil {
		return out, fmt.Errorf("export: %w", err)
	}
	defer func() { err = errors.Join(err, target.drop()) }()
	if err := s.exportEach(ctx, f, r.Filter, target.sink, &out, p); err != nil {
		return out, err
	}
	if err := target.finish(); err != nil {
		return out, fmt.Errorf("export: %w", err)
	}
	if some, ok := target.sink.(timeline.Selective); ok {
		out.LeftOut, out.Why = some.LeftOut()
		out.Events -= out.LeftOut
	}
	if out.Bytes, out.SHA256, err = target.sum(); err != nil {
		return out, fmt.Errorf("export: %w", err)
	}
	if r.To == "-" {
		out.SHA256 = "" // of what nobody keeps
	}
	// Recorded before it appears under its name, as a bundle is.
	err = s.actIn(ctx, f, record.TimelineExported, "", record.Exported{
		Format: form.Name, To: r.recorded(), Filter: r.Filter, Events: out.Events, LeftOut: out.LeftOut, Bytes: out.Bytes, SHA256: out.SHA256,
	}, nil)
	if err != nil {
		return out, err
	}
	if err := target.publish(); err != nil {
		return out, fmt.Errorf("export (the record says already that it was made): %w", err)
	}
	return out, nil
}

// splitFormat takes the format off a target that begins with it, as in
// clickhouse=https://host:8443.
func splitFormat(format, to string) (string, string) {
	name, rest, ok := strings.Cut(to, "=")
	if ok && format == "" && slices.ContainsFunc(exportFormats(), func(f exportFormat) bool { return f.Name == name }) {
		return name, rest
	}
	return format, to
}

// recorded is what the record says of where they went: no folder and no
// password.
func (r ExportRequest) recorded() string {
	if r.To == "-" {
		return "the standard output"
	}
	if u, ok := serverURL(r.To); ok {
		return u.Redacted()
	}
	return filepath.Base(r.To)
}

// serverURL reads the URL of a server; a file's name is none.
func serverURL(to string) (*url.URL, bool) {
	if !strings.Contains(to, "://") {
		return nil, false
	}
	u, err := url.Parse(to)
	return u, err == nil && u.Host != ""
}

// exportEach hands the events to the sink.
func (s *Session) exportEach(ctx context.Context, f *folder, filter string, to timeline.Sink, out *EventsExported, p ProgressFunc) error {
	q, err := s.query(ctx, f.id, filter)
	if err != nil {
		return err
	}
	tell(p, "counting", 0, 0)
	total, err := q.db.Count(ctx, q.filter)
	if err != nil {
		return fmt.Errorf("export events: %w", err)
	}
	return q.db.Scan(ctx, q.filter, events.Request{}, func(e *timeline.Event) error {
		if err := to.Write(e, q.said.mark(e.ID)); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		if out.Events++; out.Events%pageMost == 0 {
			tell(p, "writing events", out.Events, total)
		}
		return nil
	})
}

// exportTarget is where an export goes, while it goes there.
type exportTarget struct {
	sink   timeline.Sink
	pack   io.WriteCloser // compresses; nil where nothing is compressed
	file   *durable.Draft // nil for the standard output and for a server
	hash   hash.Hash      // of what went into the stream
	bytes  int64
	stream bool
	closed bool
}

// open begins the export.
func (r ExportRequest) open(ctx context.Context, form exportFormat, packing string) (t *exportTarget, err error) {
	t = &exportTarget{}
	if form.server != nil {
		t.sink, err = form.server(ctx, r)
		return t, err
	}
	under := r.Out
	if r.To != "-" {
		if t.file, err = durable.Rewrite(r.To); err != nil {
			return t, err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, t.file.Drop())
			}
		}()
		under = t.file
	}
	if form.file != nil {
		t.sink, err = form.file(ctx, t.file.Name(), r)
		return t, err
	}
	t.hash, t.stream = sha256.New(), true
	w := io.Writer(&counted{w: io.MultiWriter(under, t.hash), n: &t.bytes})
	switch packing {
	case ".gz":
		t.pack = gzip.NewWriter(w)
	case ".zst":
		if t.pack, err = zstd.NewWriter(w); err != nil {
			return t, err
		}
	}
	if t.pack != nil {
		w = t.pack
	}
	t.sink, err = form.stream(w, r)
	return t, err
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n *int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	*c.n += int64(n)
	return n, err
}

// finish brings all of it to where it goes.
func (t *exportTarget) finish() error {
	if err := t.sink.Flush(); err != nil {
		return err
	}
	if err := t.closeSink(); err != nil {
		return err
	}
	if t.pack != nil {
		return t.pack.Close()
	}
	return nil
}

func (t *exportTarget) closeSink() error {
	c, ok := t.sink.(io.Closer)
	if !ok || t.closed {
		return nil
	}
	t.closed = true
	return c.Close()
}

// sum is the size and hash of what was written.
func (t *exportTarget) sum() (int64, string, error) {
	if t.stream {
		return t.bytes, hex.EncodeToString(t.hash.Sum(nil)), nil
	}
	if t.file == nil {
		return 0, "", nil
	}
	if _, err := t.file.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	h := sha256.New()
	n, err := io.Copy(h, t.file)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

func (t *exportTarget) publish() error {
	if t.file == nil {
		return nil
	}
	return t.file.Publish()
}

// drop takes away what was begun. After publish it does nothing.
func (t *exportTarget) drop() error {
	err := t.closeSink()
	if t.file == nil {
		return err
	}
	return errors.Join(err, t.file.Drop())
}
