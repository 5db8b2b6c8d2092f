package response

import (
	"context"
	"errors"
	"fmt"
	"io"

	"firebreak/forensics/parse"
	"firebreak/incident"
)

// RawEvent is the record that an event was made of, as it lies in the sealed
// evidence, and what is around it. Where the evidence is compressed or UTF-16,
// the bytes and the offset are those of what the parser saw: plain, in UTF-8.
type RawEvent struct {
	Event   string `json:"event"`
	Exhibit string `json:"exhibit"`
	Source  string `json:"source"`
	Parser  string `json:"parser"`
	Offset  int64  `json:"offset"` // of the first byte of Bytes
	Bytes   []byte `json:"bytes"`
	More    bool   `json:"more,omitempty"` // the record is longer
	Before  []byte `json:"before,omitempty"`
	After   []byte `json:"after,omitempty"`
}

// Raw reads the record that an event was made of. The evidence is read up to
// there only, so that its hash is not checked: CheckExhibit does that. A place
// late in a large file takes seconds; p hears the MiB. Errors:
// not found for an event that is not there, refused for erased evidence.
func (s *Session) Raw(ctx context.Context, id incident.ID, event string, p ProgressFunc) (RawEvent, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return RawEvent{}, err
	}
	e, err := s.Event(ctx, id, event)
	if err != nil {
		return RawEvent{}, err
	}
	x, err := f.exhibit(ctx, e.Exhibit)
	if err != nil {
		return RawEvent{}, err
	}
	out := RawEvent{Event: event, Exhibit: x.ID, Source: x.Source, Parser: e.Parser, Offset: e.Offset}
	r, err := f.locker.Open(x.Blob)
	if err != nil {
		return out, fmt.Errorf("open exhibit %s: %w", x.ID, err)
	}
	raw, err := parse.ReadExcerpt(ctx, r, e.Parser, e.Offset, func(done int64) { tell(p, "reading up to the record", done>>20, e.Offset>>20) })
	if err = errors.Join(err, r.Close()); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return out, fail(CodeIntegrity, "firebreak check says what is damaged", "read exhibit %s: it ends before byte %d: %w", x.ID, e.Offset, err)
		}
		return out, fmt.Errorf("read exhibit %s: %w", x.ID, err)
	}
	out.Bytes, out.Before, out.After, out.More = raw.Record, raw.Before, raw.After, raw.More
	return out, nil
}
