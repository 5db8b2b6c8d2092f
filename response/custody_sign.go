package response

import (
	"context"
	"time"

	"firebreak/record"
	"firebreak/review"
)

// custodySign is the session's own signature under a text; nil when no key is
// configured.
func (s *Session) custodySign(context.Context, string) (*record.Signature, error) { return nil, nil }

// custodyPasted is a signature that was made elsewhere.
func (s *Session) custodyPasted(text, armored, person string, at time.Time) (*record.Signature, error) {
	return nil, usage("", "signatures that were made elsewhere cannot be read yet")
}

// custodyCheck holds signatures against the roster; nil when there is none.
func (s *Service) custodyCheck() review.SignatureCheck { return nil }
