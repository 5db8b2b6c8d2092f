package response

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"

	"firebreak/incident"
	"firebreak/integrations/tsa"
	"firebreak/record"
	"firebreak/record/stamp"
)

// Stamp is a time-stamp that was put into the record.
type Stamp struct {
	record.Stamped
	// Trusted says that a certificate of trust/tsa.pem vouches for who stamped.
	Trusted bool `json:"trusted"`
}

// Timestamp asks an authority to stamp the record as it is now. url "" is the
// configuration's. The authority learns a hash and nothing else.
func (s *Session) Timestamp(ctx context.Context, id incident.ID, url string, p ProgressFunc) (Stamp, error) {
	url = cmp.Or(url, s.s.o.Config.Timestamp.URL)
	if url == "" {
		return Stamp{}, usage("--tsa URL, or timestamp.url in the configuration; without a network: --request FILE.tsq", "time-stamp %s: no authority is named", id)
	}
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Stamp{}, err
	}
	head, err := s.newestHead(ctx, f)
	if err != nil {
		return Stamp{}, err
	}
	var b [16]byte
	if err := s.s.draws(b[:]); err != nil {
		return Stamp{}, err
	}
	nonce := new(big.Int).SetBytes(b[:])
	query, err := stamp.Query([]byte(head.Text()), nonce)
	if err != nil {
		return Stamp{}, err
	}
	tell(p, "waiting for the time-stamping authority", 0, 0)
	reply, err := tsa.Ask(ctx, url, query, s.s.o.Now)
	if err != nil {
		return Stamp{}, actionError("time-stamp "+string(id), err)
	}
	t, err := s.checkStamp(reply, head)
	if err == nil && (t.token.Nonce == nil || t.token.Nonce.Cmp(nonce) != 0) {
		err = errors.New("time-stamp: it answers another question")
	}
	if err != nil {
		return Stamp{}, refused("nothing was recorded", "%w", err)
	}
	return s.recordStamp(ctx, f, head, reply, t)
}

// TimestampQuery is the question for an authority that is asked elsewhere: the
// DER that openssl ts calls a .tsq. It is about the record as it is now.
func (s *Session) TimestampQuery(ctx context.Context, id incident.ID) ([]byte, record.Head, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return nil, record.Head{}, err
	}
	head, err := s.newestHead(ctx, f)
	if err != nil {
		return nil, head, err
	}
	q, err := stamp.Query([]byte(head.Text()), nil)
	return q, head, err
}

// TimestampReply records the reply that an authority gave elsewhere. It must be
// of a head that this record really had.
func (s *Session) TimestampReply(ctx context.Context, id incident.ID, reply []byte) (Stamp, error) {
	f, err := s.s.open(ctx, id)
	if err != nil {
		return Stamp{}, err
	}
	_, imprint, err := stamp.Open(reply)
	if err != nil {
		return Stamp{}, refused("nothing was recorded", "%w", err)
	}
	head, err := s.headThat(ctx, f, func(h record.Head) bool { return imprint.Of([]byte(h.Text())) })
	if err != nil {
		return Stamp{}, err
	}
	if head.Size == 0 {
		return Stamp{}, refused("firebreak timestamp "+string(id)+" --request FILE.tsq writes what is to be stamped", "time-stamp %s: it is of no head that this record had", id)
	}
	t, err := s.checkStamp(reply, head)
	if err != nil {
		return Stamp{}, refused("nothing was recorded", "%w", err)
	}
	return s.recordStamp(ctx, f, head, reply, t)
}

// checkedStamp is a good token, and whether its maker is known here.
type checkedStamp struct {
	token   stamp.Token
	trusted bool
}

func (s *Session) checkStamp(reply []byte, head record.Head) (checkedStamp, error) {
	roots, _ := s.s.authorities() // verify tells what in it is no certificate
	t, err := stamp.Check(reply, []byte(head.Text()), roots)
	if errors.Is(err, stamp.ErrStranger) {
		return checkedStamp{t, false}, nil
	}
	return checkedStamp{t, err == nil}, err
}

func (s *Session) recordStamp(ctx context.Context, f *folder, head record.Head, reply []byte, t checkedStamp) (Stamp, error) {
	stamped := record.Stamped{
		Size: head.Size, Root: head.Root, Authority: t.token.Authority, Serial: t.token.Serial, Time: t.token.Time, Token: reply,
	}
	if err := s.actIn(ctx, f, record.HeadStamped, "", stamped, nil); err != nil {
		return Stamp{}, fmt.Errorf("record the time-stamp: %w", err)
	}
	return Stamp{stamped, t.trusted}, nil
}
