package cmd

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"firebreak/config"
	"firebreak/response"
)

// secrets says of each connection's secrets whether they can be had, and how old
// their files are.
func (o *doctorOptions) secrets(ctx context.Context, s *response.Session, conf config.Config, add func(string, error, string), warn func(string, string)) {
	for _, name := range slices.Sorted(maps.Keys(conf.Connections)) {
		had := s.Service().CheckSecrets(ctx, name)
		for _, setting := range slices.Sorted(maps.Keys(had)) {
			says := fmt.Sprintf("%s.%s: %s", name, setting, conf.Connections[name].Secrets[setting])
			age, old := s.Service().SecretAge(name, setting)
			if age != "" {
				says += ", " + age
			}
			switch err := had[setting]; {
			case err != nil:
				add("secret", fmt.Errorf("%s.%s: %w", name, setting, err), "")
			case old:
				warn("secret", says+": make a new one, and take the old one back")
			default:
				add("secret", nil, says)
			}
		}
	}
}
