package response

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"firebreak/playbooks"
	"firebreak/playbooks/drill/scenarios"
	"firebreak/playbooks/library"
	"firebreak/playbooks/pack"
	"firebreak/record/sshsig"
)

// PackState says what may be done with the playbooks of a pack.
type PackState string

// The states of a pack. In all but Accepted its playbooks can be looked at, and
// not run.
const (
	PackAccepted PackState = "accepted"
	PackNew      PackState = "new"        // signed by one of the roster; nobody has accepted what it asks for
	PackMore     PackState = "asks more"  // accepted, and now it asks for more
	PackOther    PackState = "other hand" // accepted from somebody else than who signs it now
	PackUnsigned PackState = "unsigned"
	PackStranger PackState = "stranger" // signed well, by a key that the roster gives to nobody
	PackChanged  PackState = "changed"  // its files or its signature are not what the manifest says
)

// Pack is a folder of playbooks that others made.
type Pack struct {
	Folder string `json:"folder"`
	pack.Manifest
	State    PackState              `json:"state"`
	Why      []string               `json:"why,omitempty"` // what is wrong with it
	Digest   string                 `json:"digest"`        // SHA-256 of the manifest
	Signer   string                 `json:"signer,omitempty"`
	Key      string                 `json:"key,omitempty"`                // fingerprint
	More     []playbooks.Capability `json:"more,omitempty"`               // what was never accepted
	Replaces []string               `json:"replaces,omitempty"`           // built-in playbooks
	Hides    []string               `json:"replaces_scenarios,omitempty"` // built-in scenarios
	Accepted *PackConsent           `json:"accepted,omitempty"`
	books    []*playbooks.Playbook
	scenes   []pack.Scene
	bad      error // playbooks and scenarios that cannot be read
}

// packFolders are the folders that may hold a pack: those below packs in the
// workspace, and those of the configuration's packs and playbooks.
func (s *Service) packFolders() []string {
	var out []string
	home := filepath.Join(s.o.Home, "packs")
	if found, err := os.ReadDir(home); err == nil {
		for _, e := range found {
			if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				out = append(out, filepath.Join(home, e.Name()))
			}
		}
	}
	out = append(out, s.o.Config.Packs...)
	for _, place := range s.o.Config.Playbooks {
		if isPack(place) {
			out = append(out, place)
		}
	}
	return slices.Compact(out)
}

func isPack(folder string) bool {
	_, err := os.Lstat(filepath.Join(folder, pack.File))
	return err == nil
}

// Packs lists the packs there are, with what may be done with each. The error
// names those that cannot be read at all.
func (s *Service) Packs() ([]*Pack, error) {
	var out []*Pack
	var errs []error
	consents, err := s.consents()
	if err != nil {
		return nil, err
	}
	for _, folder := range s.packFolders() {
		p, err := s.readPack(folder, consents)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

// Pack returns the pack of that id or in that folder.
func (s *Service) Pack(idOrFolder string) (*Pack, error) {
	if strings.ContainsAny(idOrFolder, "/\\") || idOrFolder == "." || idOrFolder == ".." || isPack(idOrFolder) {
		return s.packIn(idOrFolder)
	}
	all, err := s.Packs()
	var ids []string
	for _, p := range all {
		if p.ID == idOrFolder {
			return p, nil
		}
		ids = append(ids, p.ID)
	}
	hint := "put its folder below " + filepath.Join(s.o.Home, "packs") + ", or name it under packs: in the configuration"
	if len(ids) > 0 {
		hint = "there are: " + strings.Join(ids, ", ")
	}
	return nil, errors.Join(notFound(hint, "pack %q: not found", idOrFolder), err)
}

func (s *Service) packIn(folder string) (*Pack, error) {
	consents, err := s.consents()
	if err != nil {
		return nil, err
	}
	return s.readPack(folder, consents)
}

// readPack reads a folder and judges it.
func (s *Service) readPack(folder string, consents map[string]PackConsent) (*Pack, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("read pack: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	in := root.FS()
	m, text, err := pack.Read(in)
	switch {
	case errors.Is(err, pack.ErrNone):
		return nil, notFound("firebreak playbook pack sign "+folder+" makes one", "pack %s: %w", folder, err)
	case err != nil && text == nil:
		return nil, fmt.Errorf("pack %s: %w", folder, err)
	}
	p := &Pack{Folder: folder, Manifest: m, Digest: hashHex(text)}
	if err != nil {
		p.ID, p.State, p.Why = filepath.Base(folder), PackChanged, []string{err.Error()}
	} else if err := s.judgePack(in, p, text, consents); err != nil {
		return nil, fmt.Errorf("pack %s: %w", folder, err)
	}
	if p.State != PackChanged {
		p.books, err = pack.Load(in, folder, m)
		if err == nil {
			p.scenes, err = pack.Scenes(in, folder, m)
		}
		if err != nil {
			p.State, p.Why = PackChanged, append(p.Why, err.Error())
		}
	}
	if p.State == PackChanged {
		var badScenes error
		p.books, p.bad = pack.Preview(in, folder)
		p.scenes, badScenes = pack.PreviewScenes(in, folder)
		p.bad = errors.Join(p.bad, badScenes)
	}
	if p.Replaces, err = replaced(p.books); err != nil {
		return nil, err
	}
	for _, sc := range p.scenes {
		if _, err := scenarios.Load(sc.ID, 1); err == nil {
			p.Hides = append(p.Hides, sc.ID)
		}
	}
	return p, nil
}

// replaced names the built-in playbooks whose id one of these has.
func replaced(books []*playbooks.Playbook) ([]string, error) {
	builtin, err := library.IDs()
	if err != nil {
		return nil, fmt.Errorf("list the built-in playbooks: %w", err)
	}
	var out []string
	for _, p := range books {
		if slices.Contains(builtin, p.ID) {
			out = append(out, p.ID)
		}
	}
	return out, nil
}

// judgePack finds the state of a pack whose manifest can be read.
func (s *Service) judgePack(in fs.FS, p *Pack, text []byte, consents map[string]PackConsent) error {
	changes, err := pack.Changes(in, p.Manifest)
	if err != nil {
		changes = []string{err.Error()}
	}
	// What it asks for is worked out anew: the manifest's word is not enough.
	if len(changes) == 0 {
		built, err := pack.Build(in, p.Head)
		more := built.Capabilities.Beyond(p.Capabilities)
		switch {
		case err != nil:
			changes = append(changes, err.Error())
		case len(more) > 0:
			changes = append(changes, fmt.Sprintf("it asks for %s %s, which the manifest does not say", more[0].Kind, more[0].Name))
		}
	}
	armored, err := pack.Signed(in)
	if err != nil {
		return err //nolint:wrapcheck // it names the file
	}
	var sig sshsig.Signature
	switch {
	case armored == nil:
		p.State, p.Why = PackUnsigned, changes
		return nil
	case len(changes) > 0:
		p.State, p.Why = PackChanged, changes
		return nil
	}
	if sig, err = sshsig.Parse(armored); err == nil {
		err = sig.Check(pack.Namespace, text)
	}
	if err != nil {
		p.State, p.Why = PackChanged, []string{pack.Signature + ": " + err.Error()}
		return nil
	}
	p.Key = sig.Fingerprint()
	roster, _ := s.Roster() // trust list tells what in it cannot be read
	names := roster.Principals(sig.Key, pack.Namespace, s.o.Now())
	if len(names) == 0 {
		p.State, p.Why = PackStranger, []string{"the roster gives the key " + p.Key + " to nobody who may sign packs now"}
		return nil
	}
	p.Signer = names[0]
	c, ok := consents[p.ID]
	if !ok {
		p.State, p.More = PackNew, p.Capabilities.Beyond(playbooks.Capabilities{})
		return nil
	}
	p.Accepted = &c
	p.More = p.Capabilities.Beyond(c.Capabilities)
	switch {
	case c.Signer != p.Signer:
		p.State, p.Why = PackOther, []string{"it was accepted from " + c.Signer}
	case len(p.More) > 0:
		p.State = PackMore
	default:
		p.State = PackAccepted
	}
	return nil
}

// mayRun refuses to run a playbook of a pack that is a preview only.
func (p *Pack) mayRun(book string) error { return p.may("playbook " + book) }

// may refuses what is of a pack that is a preview only.
func (p *Pack) may(what string) error {
	look := "firebreak playbook pack show " + p.ID
	switch p.State {
	case PackAccepted:
		return nil
	case PackNew, PackMore, PackOther:
		why := map[PackState]string{
			PackNew:   "nobody has accepted what it asks for",
			PackMore:  "it asks for more than was accepted",
			PackOther: "it is signed by " + p.Signer + ", and was accepted from somebody else",
		}[p.State]
		return refused("firebreak playbook pack accept "+p.ID+" shows it and asks", "%s of pack %s: %s", what, p.ID, why)
	case PackUnsigned:
		return refused(look, "%s: pack %s is not signed: it can be looked at, not run", what, p.ID)
	case PackStranger:
		return refused("firebreak trust add NAME KEYFILE.pub, once you know whose it is", "%s: pack %s is signed by a key that nobody here vouches for (%s)", what, p.ID, p.Key)
	case PackChanged:
	}
	return refused(look, "%s: pack %s is not what was signed: %s", what, p.ID, strings.Join(p.Why, "; "))
}
