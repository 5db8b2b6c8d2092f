package response

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"firebreak/forensics"
	"firebreak/forensics/parse"
	"firebreak/incident"
	"firebreak/record"
	"firebreak/store"
)

// FollowOptions say how a growing file is taken. Zero values take the defaults.
type FollowOptions struct {
	IngestOptions
	FromEnd bool          // what the file already holds is left out
	Every   time.Duration // a piece is taken at least that often, if there is one (2 s)
	Piece   int64         // and sooner when so many bytes have come (1 MiB)
}

const (
	followPoll  = 250 * time.Millisecond
	followEvery = 2 * time.Second
	followPiece = 1 << 20
	// followLine is how long a line may grow before it is cut.
	followLine = 16 << 20
	// followWhole is how large a piece may be that is finished when the person
	// stops: a larger one is given up.
	followWhole = 8 << 20
)

// FollowState is what a Followed tells.
type FollowState string

// What happens while a file is followed.
const (
	FollowStarted   FollowState = "started"
	FollowResumed   FollowState = "resumed"   // it goes on where an earlier run ended
	FollowPiece     FollowState = "piece"     // a piece is sealed and read
	FollowGone      FollowState = "gone"      // no file has the name now
	FollowRotated   FollowState = "rotated"   // another file has the name now
	FollowTruncated FollowState = "truncated" // the file begins anew
	FollowEnded     FollowState = "ended"
)

// Followed is one thing that happened while a file was followed.
type Followed struct {
	State    FollowState `json:"state"`
	Source   string      `json:"source"`
	From     int64       `json:"from"`
	To       int64       `json:"to"`
	Exhibit  string      `json:"exhibit,omitempty"`
	Parser   string      `json:"parser,omitempty"`
	Events   int64       `json:"events"`
	Added    int64       `json:"added"`
	Rejected int64       `json:"rejected"`
	Left     int64       `json:"left,omitempty"` // bytes that were not taken: a line without an end
	Samples  []string    `json:"samples,omitempty"`
}

// Follow takes a file as it grows: what was appended is sealed as an exhibit of
// its own, cut at an end of line, and read into the timeline. A file that was
// followed before, and is still what it was, is gone on with where the last
// piece ended. When another file takes the name, the old one is taken to its
// end first; a file that became shorter is begun anew, and the next piece's
// deviations say so.
//
// It ends, with no error, when ctx does: what was taken by then is sealed, with
// the whole lines that have come, and a last line without an end is left. told, which may be nil, is called for
// each Followed from the goroutine of the caller.
func (s *Session) Follow(ctx context.Context, id incident.ID, path string, o FollowOptions, told func(Followed)) error {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return err
	}
	if err := errors.Join(f.writable(), f.store.View(ctx, mustBeOpen)); err != nil {
		return err
	}
	if o.Every <= 0 {
		o.Every = followEvery
	}
	if o.Piece <= 0 {
		o.Piece = followPiece
	}
	if told == nil {
		told = func(Followed) {}
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("find out where %s is: %w", path, err)
	}
	w := &follower{s: s, f: f, path: full, o: o, told: told}
	if w.file, err = forensics.OpenGrowing(full); err != nil {
		return err
	}
	err = w.run(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) { // the person's way to end it
		err = w.end(context.WithoutCancel(ctx))
	}
	return errors.Join(err, w.file.Close())
}

// end takes the lines that are whole by now, when they are few.
func (w *follower) end(ctx context.Context) error {
	size, err := w.file.Size()
	if err != nil {
		return err
	}
	if anew, err := w.anew(size); err != nil {
		return err
	} else if !anew && size-w.at <= followWhole {
		if _, err := w.lines(ctx, size); err != nil {
			return err
		}
	}
	w.tell(Followed{State: FollowEnded, From: w.at, To: w.at, Left: max(size-w.at, 0)})
	return nil
}

// follower is one run of Follow.
type follower struct {
	s    *Session
	f    *folder
	path string
	o    FollowOptions
	told func(Followed)

	file   *forensics.Growing
	at     int64  // what is before it has been taken
	tail   []byte // the last bytes of that
	parser string // of the pieces, once one has told
	gone   bool
	notes  []string // deviations of the next piece
}

func (w *follower) tell(t Followed) {
	t.Source = w.path
	w.told(t)
}

func (w *follower) run(ctx context.Context) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	waited := w.o.Every // what is there is taken at once
	for {
		took, err := w.look(ctx, waited >= w.o.Every)
		if err != nil {
			return err
		}
		if took {
			waited = 0
		}
		if err := w.s.s.o.Sleep(ctx, followPoll); err != nil {
			return err
		}
		waited += followPoll
	}
}

// begin finds out where the file is gone on with, and whether it is one that
// can be cut at all.
func (w *follower) begin(ctx context.Context) error {
	size, err := w.file.Size()
	if err != nil {
		return err
	}
	last, found, err := w.last(ctx)
	if err != nil {
		return err
	}
	state := FollowStarted
	switch {
	case found:
		state, w.at = FollowResumed, last.Piece.To
		w.parser = last.Format
	case w.o.FromEnd:
		if w.at, err = w.file.LineEnd(0, size); err != nil {
			return err
		}
	}
	if w.tail, err = w.file.Tail(w.at); err != nil {
		return err
	}
	w.tell(Followed{State: state, From: w.at, To: w.at})
	return nil
}

// last is the newest piece of this very file: same name, and the bytes that it
// holds still lie where they lay. A piece that was sealed and not read, because
// the run was stopped between, is read now.
func (w *follower) last(ctx context.Context) (record.Exhibit, bool, error) {
	var xs []store.Exhibit
	err := w.f.store.View(ctx, func(tx *store.Tx) (err error) {
		xs, err = tx.Exhibits()
		return err
	})
	if err != nil {
		return record.Exhibit{}, false, err
	}
	for i := len(xs) - 1; i >= 0; i-- {
		x := xs[i]
		if x.Piece == nil || x.Source != w.path {
			continue
		}
		size, err := w.file.Size()
		if err != nil || size < x.Piece.To {
			return record.Exhibit{}, false, err
		}
		sum, err := w.file.SHA256(ctx, x.Piece.From, x.Piece.To)
		if err != nil || sum != x.SHA256 {
			return record.Exhibit{}, false, err
		}
		if x.Parsed == nil && x.Erased == "" {
			o := w.o.IngestOptions
			o.Parser = x.Format
			if err := w.busy(func() error { _, err := w.s.parse(ctx, w.f, x.Exhibit, o); return err }); err != nil {
				return record.Exhibit{}, false, err
			}
		}
		return x.Exhibit, true, nil
	}
	return record.Exhibit{}, false, nil
}

func (w *follower) busy(do func() error) error {
	w.f.busy.Lock()
	defer w.f.busy.Unlock()
	return do()
}

// look takes what has come, if it is enough or due, and notices what became of
// the file.
func (w *follower) look(ctx context.Context, due bool) (took bool, err error) {
	size, err := w.file.Size()
	if err != nil {
		return false, err
	}
	anew, err := w.anew(size)
	if err != nil {
		return false, err
	}
	if anew {
		w.tell(Followed{State: FollowTruncated, From: w.at, To: size})
		w.notes = append(w.notes, fmt.Sprintf("the file was truncated or written anew after byte %d had been taken: what it held between is not known", w.at))
		w.at, w.tail, due = 0, nil, true
	}
	moved, err := w.file.Replaced()
	if errors.Is(err, fs.ErrNotExist) {
		if !w.gone {
			w.gone = true
			w.tell(Followed{State: FollowGone, From: w.at, To: w.at})
		}
		moved, err = false, nil
	} else if err == nil {
		w.gone = false
	}
	if err != nil {
		return false, err
	}
	if moved {
		return true, w.rotate(ctx, size)
	}
	if !due && size-w.at < w.o.Piece {
		return false, nil
	}
	return w.lines(ctx, size)
}

// anew says whether what was taken is no longer what the file holds.
func (w *follower) anew(size int64) (bool, error) {
	if size < w.at {
		return true, nil
	}
	now, err := w.file.Tail(w.at)
	return err == nil && !bytes.Equal(now, w.tail), err
}

// lines takes the whole lines up to size.
func (w *follower) lines(ctx context.Context, size int64) (bool, error) {
	to, err := w.file.LineEnd(w.at, size)
	if err != nil {
		return false, err
	}
	if to == w.at && size-w.at >= followLine {
		w.notes = append(w.notes, fmt.Sprintf("its last line had no end after %d MiB: it was cut there", followLine>>20))
		to = size
	}
	if to == w.at {
		return false, nil
	}
	return true, w.take(ctx, to)
}

// rotate takes the rest of the file, which grows no more, and goes on with the
// one that has its name now.
func (w *follower) rotate(ctx context.Context, size int64) error {
	next, err := forensics.OpenGrowing(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it is being moved again; the next look sees to it
	}
	if err != nil {
		return err
	}
	for w.at < size { // what came while this was read counts too
		if err = w.take(ctx, size); err == nil {
			size, err = w.file.Size()
		}
		if err != nil {
			return errors.Join(err, next.Close())
		}
	}
	w.tell(Followed{State: FollowRotated, From: w.at, To: w.at})
	old := w.file
	w.file, w.at, w.tail = next, 0, nil
	return old.Close()
}

// take seals the bytes up to a place and reads them into the timeline. A small
// piece is finished even when the person stops meanwhile.
func (w *follower) take(ctx context.Context, to int64) error {
	if to-w.at <= followWhole {
		ctx = context.WithoutCancel(ctx)
	}
	var in record.Ingestion
	var x record.Exhibit
	err := w.busy(func() (err error) {
		if err = w.f.store.View(ctx, mustBeOpen); err != nil {
			return err
		}
		in, x, err = w.piece(ctx, to)
		return err
	})
	if x.Piece != nil && x.ID != "" {
		w.at, w.notes = x.Piece.To, nil
		rejected, _ := in.Split()
		w.tell(Followed{State: FollowPiece, From: x.Piece.From, To: x.Piece.To, Exhibit: x.ID, Parser: in.Parser, Events: in.Events, Added: in.Added, Rejected: in.Rejected, Samples: rejected})
	}
	if err != nil {
		return fmt.Errorf("follow %s: %w", w.path, err)
	}
	w.tail, err = w.file.Tail(w.at)
	return err
}

func (w *follower) piece(ctx context.Context, to int64) (record.Ingestion, record.Exhibit, error) {
	o := w.o.IngestOptions
	if o.Parser == "" {
		o.Parser = w.parser
	}
	var err error
	if o.Parser, err = w.apart(o.Parser); err != nil { //nolint:contextcheck // of the parsers only their names are asked for
		return record.Ingestion{}, record.Exhibit{}, err
	}
	x, err := w.s.given(w.path, o)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, err
	}
	x.Title = fmt.Sprintf("%s, bytes %d to %d", filepath.Base(w.path), w.at, to)
	x.Method = "given by the responder, taken piece by piece as it grew"
	x.Deviations = append(x.Deviations, w.notes...)
	sealed, err := w.f.locker.SealPiece(ctx, w.file, w.at, to, x, nil)
	if err != nil {
		return record.Ingestion{}, record.Exhibit{}, err
	}
	in, numbered, err := w.s.ingestSealed(ctx, w.f, w.path, sealed, o, nil, &ahead{})
	if w.parser == "" && numbered.Format != "text" {
		w.parser = numbered.Format
	}
	return in, numbered, err
}

// apart says how the file is read, "" where its beginning does not tell. A file
// whose pieces cannot be read by themselves is refused before any is sealed.
func (w *follower) apart(given string) (string, error) {
	head, err := w.file.Head()
	if err != nil {
		return "", err
	}
	const hint = "ingest the file when it is complete"
	if parse.Compressed(head) {
		return "", usage(hint, "a compressed file cannot be cut into pieces")
	}
	parser := given
	if parser == "" {
		parser = parse.Detect(filepath.Base(w.path), head)
	}
	switch {
	case !parse.Apart(parser):
		return "", usage(hint, "a file read as %s cannot be cut into pieces", parser)
	case given == "" && parser == "text":
		return "", nil
	}
	return parser, nil
}
