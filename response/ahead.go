package response

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"firebreak/forensics"
	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/events"
)

// A file is read into the timeline while it is being sealed, from the same bytes:
// what is sealed need not be unpacked and hashed again, and both go on at once.
// Nobody sees its events before the exhibit is in the record. Whatever goes wrong
// or is out of the ordinary, they are taken back, and the exhibit is read from the
// locker as any other.
//
// A smaller file wins nothing. Of a larger one somebody would wait long for the
// first event, and lose much when the program is killed: it is sealed first, and
// its events come piece by piece. Where tests have smaller segments, smaller files
// are read so.
const (
	leastAhead = 4 << 20
	mostAhead  = 4 << 30
)

// ahead is the reading of a file that is being sealed. The zero value reads none.
type ahead struct {
	s   *Session
	ctx context.Context //nolint:containedctx // it lives as long as one ingestion
	f   *folder
	x   record.Exhibit
	o   IngestOptions

	db     *events.DB
	to     *events.Appender
	parser string
	pipe   *io.PipeWriter
	done   chan struct{} // nil: it does not read
	in     record.Ingestion
	err    error
}

func (s *Service) leastAhead() int64 {
	if rows := int64(s.o.SegmentRows); rows > 0 && rows < events.SegmentRows {
		return leastAhead * rows / events.SegmentRows
	}
	return leastAhead
}

// begin is what SealFileBeside asks. An error here is no loss.
func (a *ahead) begin(f io.ReaderAt, before record.Stat) forensics.Companion {
	if before.Size < a.s.s.leastAhead() || before.Size > mostAhead {
		return nil
	}
	db, err := a.s.s.renewedTimeline(a.ctx, a.f)
	if err != nil {
		return nil
	}
	if a.parser, err = a.o.parser(); err != nil {
		return nil
	}
	if a.parser == "" {
		head := make([]byte, formatHead)
		n, err := f.ReadAt(head, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil
		}
		a.parser = formatBy(a.x.Source, head[:n])
	}
	if !parse.IsText(a.parser) { // it may ask for what lay beside it, or be read by offset
		return nil
	}
	to, err := db.NewAhead(a.ctx)
	if err != nil {
		return nil
	}
	a.db, a.to = db, to
	x := a.x
	x.Before, x.Host = &before, cmp.Or(x.Host, a.o.Host)
	// Any hash does as long as the true one is not known, if only no other file has it.
	other := sha256.Sum256(fmt.Append(nil, x.Source, "\x00", before.Inode, " ", before.Size, " ", before.Modified, " ", a.s.s.o.Now()))
	x.SHA256 = hex.EncodeToString(other[:])
	source := parse.Source{
		Exhibit: x, Parser: a.parser, Host: x.Host, Zone: a.o.Zone, Year: a.o.Year, Skew: a.o.Skew, Collected: a.s.s.o.Now().UTC(), Mapping: a.o.Mapping,
		Again: func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(f, 0, before.Size)), nil },
	}
	r, w := io.Pipe()
	a.pipe, a.done = w, make(chan struct{})
	go func() {
		defer close(a.done)
		a.in, a.err = parse.File(a.ctx, r, source, to.Add)
		_ = r.CloseWithError(cmp.Or(a.err, io.ErrClosedPipe)) // whoever seals goes on alone
		added, err := to.Close()
		a.in.Added = added
		a.err = errors.Join(a.err, err)
	}()
	return a
}

// Write gives the reader what was sealed.
func (a *ahead) Write(p []byte) (int, error) { return a.pipe.Write(p) }

// End waits for the reader.
func (a *ahead) End(err error) {
	_ = a.pipe.CloseWithError(err) // nil: its end
	<-a.done
}

// doing says what is done to the file.
func (a *ahead) doing() string {
	if a.done == nil {
		return "sealing "
	}
	return "sealing and parsing "
}

// sealed is told how sealing ended. After an error nothing of the reading stays;
// that error is given back.
func (a *ahead) sealed(err error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, a.discard())
}

func (a *ahead) discard() error {
	if a.done == nil {
		return nil
	}
	a.done = nil
	return a.to.Discard(context.WithoutCancel(a.ctx))
}

// publish makes the events visible as those of the exhibit; false says that it has
// to be read from the locker.
func (a *ahead) publish(x record.Exhibit) (bool, error) {
	if a.done == nil {
		return false, nil
	}
	unlike := a.err != nil || a.parser != x.Format || changed(x)
	if !unlike {
		err := a.f.store.View(a.ctx, func(tx *store.Tx) error {
			xs, err := tx.Exhibits()
			for _, other := range xs {
				unlike = unlike || other.SHA256 == x.SHA256 && other.ID != x.ID
			}
			return err
		})
		if err != nil {
			return false, errors.Join(err, a.discard())
		}
	}
	if unlike {
		return false, a.discard()
	}
	published, err := a.to.Publish(a.ctx, x.ID, x.SHA256)
	if err != nil {
		return false, errors.Join(err, a.discard())
	}
	return published, nil
}

// changed says whether a file was not the same before and after it was sealed.
func changed(x record.Exhibit) bool {
	return x.Before == nil || x.After == nil || x.Before.Size != x.After.Size || x.Size != x.Before.Size ||
		!x.Before.Modified.Equal(x.After.Modified) || !x.Before.Changed.Equal(x.After.Changed)
}
