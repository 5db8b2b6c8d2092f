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
// evidence, and what is around it. Where the evidence is compressed, the bytes
// and the offset are those of what is in it, which the parser saw.
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
// there only, so that its hash is not checked: CheckExhibit does that. Errors:
// not found for an event that is not there, refused for erased evidence.
func (s *Session) Raw(ctx context.Context, id incident.ID, event string) (RawEvent, error) {
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
	raw, err := parse.ReadExcerpt(ctx, r, e.Parser, e.Offset)
	if err = errors.Join(err, r.Close()); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return out, fail(CodeIntegrity, "firebreak check says what is damaged", "read exhibit %s: it ends before byte %d: %w", x.ID, e.Offset, err)
		}
		return out, fmt.Errorf("read exhibit %s: %w", x.ID, err)
	}
	out.Bytes, out.Before, out.After, out.More = raw.Record, raw.Before, raw.After, raw.More
	return out, nil
}
