package declared

import (
	"context"

	"firebreak/integrations"
)

// checking asks a declared system who the credential stands for; nil where its
// file has no request for that. What a credential may do no file can ask.
func checking(sys *System) func(context.Context, integrations.Connection) (integrations.Credential, error) {
	if sys.Identity == nil || sys.Identity.read == nil {
		return nil
	}
	return func(ctx context.Context, c integrations.Connection) (integrations.Credential, error) {
		who, err := connect(sys, c).identity(ctx)
		if err != nil {
			return integrations.Credential{}, err
		}
		return integrations.Credential{Identity: who, Note: "what it may do cannot be asked"}, nil
	}
}
