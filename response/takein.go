package response

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"firebreak/forensics/container"
	"firebreak/record"
	"firebreak/store"
)

// TakenIn is a container that was taken into an incident.
type TakenIn struct {
	container.Report
	Exhibits int      `json:"exhibits"`
	Known    int      `json:"known"` // that the incident holds already
	Read     Ingested `json:"-"`     // what came of it on the timeline
}

// taking says how a container is taken in.
type taking struct {
	step  string
	read  IngestOptions
	adapt func(*record.Exhibit) // says of an exhibit what the incident is to know besides; nil for nothing
	held  map[int]bool          // items that need not be sealed: the incident holds them
	again bool                  // it may have been taken in before: if nothing is new, nothing is recorded
}

// takeIn seals the items of a container as exhibits, each verified by its hash
// while it is read, and reads them into the timeline. Nothing of a container that
// was cut is lost before the cut: the report and the record say where it ended.
// With CodeIntegrity the container is not what was written; what was sound before
// the damage is in the incident, and the record says what was found.
func (s *Session) takeIn(ctx context.Context, f *folder, r *container.Reader, o taking, p ProgressFunc) (out TakenIn, err error) {
	if err := f.writable(); err != nil {
		return out, err
	}
	if err := f.store.View(ctx, mustBeOpen); err != nil {
		return out, err
	}
	known, err := s.heldAlready(ctx, f)
	if err != nil {
		return out, err
	}
	head := r.Head()
	var old atomic.Int64
	found := make(chan record.Exhibit)
	var sealed, pending []record.Exhibit
	var failed error
	gathered := make(chan struct{})
	go func() { // takers run at once; what they sealed is recorded by one
		defer close(gathered)
		for x := range found {
			if failed != nil {
				continue
			}
			if known[heldKey(x)] {
				out.Known++
				continue
			}
			if pending = append(pending, x); len(pending) < sealTogether {
				continue
			}
			var numbered []record.Exhibit
			numbered, failed = s.register(ctx, f, pending, o.step)
			sealed, pending = append(sealed, numbered...), pending[:0]
		}
	}()
	out.Report, err = r.Each(ctx, func(i *container.Item, content io.Reader) error {
		if o.held[i.Number] {
			_, err := io.Copy(io.Discard, content)
			old.Add(1)
			return err
		}
		tell(p, "sealing "+i.Start.Title, int64(i.Number), 0)
		x, err := f.locker.SealInput(ctx, content, i.Start)
		if errors.Is(err, container.ErrDropped) {
			return nil // its writer says why, in the log and among the refusals
		}
		if err != nil {
			return err
		}
		end, _ := i.End()
		if end.SHA256 != x.SHA256 || end.Size != x.Size {
			return fmt.Errorf("%w: %s has SHA-256 %s", container.ErrDamaged, end.Source, x.SHA256)
		}
		end.ID, end.Blob, end.Stored = "", x.Blob, s.s.o.Host
		if end.Format == "" {
			if end.Format, err = s.guess(f, end); err != nil { //nolint:contextcheck // of the parsers only their names are asked for
				return err
			}
		}
		if o.adapt != nil {
			o.adapt(&end)
		}
		found <- end
		return nil
	})
	close(found)
	<-gathered
	if failed == nil {
		var numbered []record.Exhibit
		numbered, failed = s.register(ctx, f, pending, o.step)
		sealed = append(sealed, numbered...)
	}
	out.Exhibits = len(sealed)
	out.Known += int(old.Load())
	err = errors.Join(err, failed)
	missing, merr := s.keptElsewhere(ctx, f, out.Kept)
	err = errors.Join(err, merr)
	c := collectionOf(out.Report, head, err)
	if err == nil {
		o.read.Step = o.step
		out.Read, err = s.parseAll(ctx, f, sealed, o.read, "", p)
	}
	out.Read.Notes = append(out.Read.Notes, missing...)
	if err == nil { // sealing comes first
		err = s.readUnread(ctx, f, &out.Read, p)
	}
	if o.again && err == nil && out.Exhibits == 0 && out.Known > 0 && out.Cut == "" { // unless a kill came before it was recorded
		told, err := f.collected(ctx, func(old record.Collection) bool { return reflect.DeepEqual(old, c) })
		if told || err != nil {
			return out, err
		}
	}
	keep := context.WithoutCancel(ctx)
	err = errors.Join(err, s.actIn(keep, f, record.CollectionFinished, o.step, c, nil))
	if errors.Is(err, container.ErrDamaged) {
		err = &Error{Code: CodeIntegrity, Hint: "ask for another copy: what was sound before the damage is in the incident", Err: err}
	}
	return out, err
}

// keptElsewhere says of what was not read again, since another container or an
// incident is said to have it, what is not in this incident.
func (s *Session) keptElsewhere(ctx context.Context, f *folder, kept []container.Kept) (notes []string, err error) {
	if len(kept) == 0 {
		return nil, nil
	}
	here := map[string][]string{} // source: the containers that it came in, "" of what came otherwise
	err = f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		for _, x := range xs {
			here[x.Source] = append(here[x.Source], cameBy(x.Method))
		}
		return err
	})
	missing := map[string][]string{}
	for _, k := range kept {
		came := here[k.Source]
		if k.In == string(f.id) && len(came) > 0 || k.In != "" && slices.Contains(came, k.In) {
			continue
		}
		missing[k.In] = append(missing[k.In], k.Source)
	}
	for _, in := range slices.Sorted(maps.Keys(missing)) {
		m := missing[in]
		notes = append(notes, fmt.Sprintf("%s left out, since %.64s has them, which this incident does not: import that too (the first is %s)", plural(len(m), "file"), in, m[0]))
	}
	return notes, err
}

// How the method of an exhibit names the container that it came in: last of all,
// for what stands before that is the word of whoever wrote the container.
const (
	cameIn    = "; came in the container "
	cameUnder = ", signed by the key "
)

// cameBy is the container that a method names, "" when it names none.
func cameBy(method string) string {
	at := strings.LastIndex(method, cameIn)
	if at < 0 {
		return ""
	}
	container, key, signed := strings.Cut(method[at+len(cameIn):], cameUnder)
	if !signed || strings.Contains(key, ";") { // something else was said last
		return ""
	}
	return container
}

// collected says whether the record has the end of such a collection.
func (f *folder) collected(ctx context.Context, such func(record.Collection) bool) (found bool, err error) {
	err = f.store.View(ctx, func(tx *store.Tx) error {
		entries, err := tx.EntriesOf(record.CollectionFinished)
		for _, e := range entries {
			var c record.Collection
			if err := e.Decode(&c); err != nil {
				return err
			}
			found = found || such(c)
		}
		return err
	})
	return found, err
}

// collectionOf is what the record says of a container: its own summary, if it came
// that far.
func collectionOf(r container.Report, head container.Head, err error) record.Collection {
	c := record.Collection{Profile: "container", Host: head.Host, Root: "/", Exhibits: r.Items, Bytes: r.Bytes}
	if r.Collection != nil {
		c = *r.Collection
	}
	switch {
	case err != nil:
		c.Cut = err.Error()
	case r.Cut != "":
		c.Cut = "the container was cut: " + r.Cut
	}
	return c
}

// heldKey is what makes two exhibits the same taking of the same thing.
func heldKey(x record.Exhibit) string {
	return x.SHA256 + "\x00" + x.Source + "\x00" + x.Host + "\x00" + x.Started.UTC().String()
}

// heldAlready are the exhibits of the incident, so that a container taken in twice
// adds nothing.
func (s *Session) heldAlready(ctx context.Context, f *folder) (map[string]bool, error) {
	out := map[string]bool{}
	err := f.store.View(ctx, func(tx *store.Tx) error {
		xs, err := tx.Exhibits()
		for _, x := range xs {
			out[heldKey(x.Exhibit)] = true
		}
		return err
	})
	return out, err
}
