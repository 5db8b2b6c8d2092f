package response

import (
	"filippo.io/age"

	"firebreak/store/archive"
)

// ownRecipients are the keys that this workspace encrypts to by itself: none,
// as long as it is a plain one.
func (s *Service) ownRecipients() ([]archive.Recipient, error) { return nil, nil }

// ownIdentities are the keys that this workspace opens with.
func (s *Service) ownIdentities() ([]age.Identity, error) { return nil, nil }
