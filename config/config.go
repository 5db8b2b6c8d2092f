// Package config reads the one configuration file, config.yaml, finds the
// folders Firebreak keeps its data in, and resolves references to secrets.
//
// It promises that the file never has to hold a secret: where a secret belongs
// it takes only a reference, and refuses anything else without repeating it.
// A Secret prints as "***" whatever prints it. Reading the file is strict: an
// unknown key is an error with its line, its column and the nearest known key.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// maxFile is the size limit of config.yaml.
const maxFile = 1 << 20

// Config is what config.yaml says. The zero value is a usable configuration:
// nobody's name, UTC, no connections. As JSON it has the file's own keys, and
// Parse reads it back.
type Config struct {
	Name        string                `json:"name,omitempty"`        // the responder's name, as the record shows it
	Zone        string                `json:"zone,omitempty"`        // IANA time zone for input and display; "" is UTC
	Connections map[string]Connection `json:"connections,omitempty"` // by the name that playbooks use
	Notify      Notify                `json:"notify,omitzero"`
	Protected   []string              `json:"protected,omitempty"` // addresses, CIDRs and names no action may touch
	Collect     Collect               `json:"collect,omitzero"`
	Playbooks   []string              `json:"playbooks,omitempty"`   // folders and files besides the built-in library
	Calendars   map[string]Calendar   `json:"calendars,omitempty"`   // business days, by the name that playbooks use
	Clocks      Clocks                `json:"clocks,omitzero"`       // whom laws and contracts want to be told, until when
	Actions     []string              `json:"actions,omitempty"`     // files and folders of declared actions besides the built-in ones
	Packs       []string              `json:"packs,omitempty"`       // folders of playbooks that others made and signed
	Retention   []Rule                `json:"retention,omitempty"`   // when something is due to be erased, or to be looked at
	SigningKey  string                `json:"signing_key,omitempty"` // path of an ssh key (public or private), or SHA256:…
	Sign        string                `json:"sign,omitempty"`        // what is signed by itself: always, decisions (also ""), never
	Approvals   string                `json:"approvals,omitempty"`   // "signed": an approval without a person's signature does not count
	Timestamp   Timestamp             `json:"timestamp,omitzero"`
	Updates     map[string]Cadence    `json:"updates,omitempty"`  // how often an audience is told, by its name
	AgeKeys     []string              `json:"age_keys,omitempty"` // files of age or ssh keys that open age: references
	Unlock      Reference             `json:"unlock,omitzero"`    // what opens an encrypted workspace where nobody can be asked
	LockAfter   *Idle                 `json:"lock_after,omitempty"`
	Limits      Limits                `json:"limits,omitzero"`      // how much actions may reach
	TwoPersons  TwoPersons            `json:"two_persons,omitzero"` // when somebody else has to agree
	Containment Containment           `json:"containment,omitzero"` // how long containments last
	Intake      Intake                `json:"intake,omitzero"`      // alerts that come in by HTTP
	Review      Review                `json:"review,omitzero"`
}

// Review is what is said of reviews.
type Review struct {
	Privileged string `json:"privileged,omitempty"` // what stands over everything for counsel, in their own words
}

// Timestamp is the authority that firebreak timestamp asks (RFC 3161).
type Timestamp struct {
	URL string `json:"url,omitempty"`
}

// The values of Sign and Approvals.
const (
	SignAlways      = "always"
	SignDecisions   = "decisions"
	SignNever       = "never"
	ApprovalsSigned = "signed"
	ApprovalsAny    = "any"
)

// Connection is one configured outside system.
type Connection struct {
	Kind     string               `json:"kind"`               // github, pagerduty, webhook, linux, ssh, kubernetes
	BaseURL  string               `json:"base_url,omitempty"` // "" is the vendor's own
	Settings map[string]string    `json:"settings,omitempty"` // plain values
	Secrets  map[string]Reference `json:"secrets,omitempty"`  // where each secret is to be found
	Timeout  Wait                 `json:"timeout,omitzero"`   // of one exchange
	Grace    Wait                 `json:"grace,omitzero"`     // how much longer the other side may work on what it got
	Writes   int                  `json:"writes_per_minute,omitempty"`
	TLP      string               `json:"tlp,omitempty"`      // the highest label of what it may carry to people; all but red without it
	Audience string               `json:"audience,omitempty"` // who reads there: nobody is shown more than they may see
}

// Collect adds to what the collectors take.
type Collect struct {
	Folders []string `json:"folders,omitempty"` // listed with their MACB times
}

// IsZero says whether nothing is added.
func (c Collect) IsZero() bool { return len(c.Folders) == 0 }

// Idle is how long nobody touches a key before the screens lock; 0 is never.
type Idle time.Duration

// MarshalText writes the time as the file has it.
func (i Idle) MarshalText() ([]byte, error) { return []byte(time.Duration(i).String()), nil }

// Location is the zone's location; an empty Zone is UTC.
func (c Config) Location() (*time.Location, error) {
	if c.Zone == "" {
		return time.UTC, nil
	}
	l, err := time.LoadLocation(c.Zone)
	if err != nil {
		return nil, fmt.Errorf("load zone %s: %w", c.Zone, err)
	}
	return l, nil
}

// Load reads the file at path. A file that is not there is an empty
// configuration. A file that is not a regular one, is larger than 1 MiB, or
// can be written by everybody is refused: it may name programs to run.
func Load(path string) (Config, error) {
	f, err := OpenFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only: nothing can be lost by closing
	info, err := f.Stat()
	switch {
	case err != nil:
		return Config{}, fmt.Errorf("read configuration: %w", err)
	case !info.Mode().IsRegular():
		return Config{}, fmt.Errorf("read configuration %s: not a regular file", path)
	case info.Mode().Perm()&othersWrite != 0:
		return Config{}, fmt.Errorf("read configuration %s: everybody may write it (mode %04o); run: chmod go-w %s",
			path, info.Mode().Perm(), path)
	}
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(path, src)
}

// OpenFile opens a file for reading without waiting for a FIFO's other side.
// It is what Load uses, and what Env.Open is outside tests.
func OpenFile(path string) (fs.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, err //nolint:wrapcheck // the *PathError says all; returning f would be a non-nil interface
	}
	return f, nil
}
