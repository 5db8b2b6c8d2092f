package response

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations/intake"
	"firebreak/internal/durable"
	"firebreak/internal/lazyre"
	"firebreak/store/keys"
)

// The inbox is a folder of the workspace: what intake serve was sent waits there
// until a rule or a person takes it into an incident, or drops it. An item is two
// files: ID.body with the bytes as they came, and, written after it, ID.json with
// what is known of it. What became of one stays in done/ for a while: senders send
// again, and what was taken or dropped must not come back.

// Limits of the inbox.
const (
	inboxItems = 5000
	inboxBytes = 2 << 30
	inboxDone  = 3 * 24 * time.Hour // longer than senders try again
)

// InboxItem is what waits.
type InboxItem struct {
	ID       string          `json:"item"`
	Received time.Time       `json:"received"`
	Source   string          `json:"source"` // its name in the configuration
	Event    string          `json:"event,omitempty"`
	Format   string          `json:"format"`
	Tools    []string        `json:"tools,omitempty"`
	Findings int             `json:"findings"`
	Open     int             `json:"open"`
	Worst    intake.Severity `json:"worst,omitempty"`
	Kind     intake.Kind     `json:"kind,omitempty"` // of the worst
	Title    string          `json:"title"`
	Playbook string          `json:"playbook,omitempty"` // that it suggests
	Keys     []string        `json:"keys,omitempty"`     // of its findings, as far as they are few
	Bytes    int             `json:"bytes"`
	Wanted   string          `json:"wanted_format,omitempty"` // that the source names

	// Of what was taken or dropped.
	Done     time.Time   `json:"done,omitzero"`
	By       string      `json:"by,omitempty"`
	Incident incident.ID `json:"incident,omitempty"`
	Rule     string      `json:"rule,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Again    int         `json:"again,omitempty"`  // how often it came since
	Failed   string      `json:"failed,omitempty"` // why a rule could not open an incident
}

// inboxKeys is how many keys of findings an item keeps, to find the incident that
// knows them.
const inboxKeys = 200

func (s *Service) inboxDir() string { return filepath.Join(s.o.Home, "inbox") }

func (s *Service) doneDir() string { return filepath.Join(s.inboxDir(), "done") }

// itemID is the same for the same bytes of the same sender.
func itemID(source string, body []byte) string {
	h := sha256.New()
	_, _ = h.Write([]byte(source + "\x00")) // a hash takes everything
	_, _ = h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:6])
}

var itemName = lazyre.New(`^[0-9a-f]{12}$`)

// errInboxFull says that nothing more is kept until somebody takes or drops.
var errInboxFull = errors.New("the inbox is full: take or drop what waits in it")

// Keep puts what a sender sent into the inbox, on the disk when it returns. What
// waits there already, or was taken or dropped lately, is not kept twice; fresh
// says which. What cannot be read is an error of package intake.
func (s *Service) Keep(ctx context.Context, source, event, format string, body []byte) (item InboxItem, fresh bool, err error) {
	id := itemID(source, body)
	if old, err := s.doneItem(id); err == nil {
		old.Again++
		return old, false, s.writeItem(filepath.Join(s.doneDir(), id+".json"), old)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return InboxItem{}, false, err
	}
	if old, err := s.waiting(id); err == nil {
		return old, false, nil
	}
	r := IntakeRequest{Format: format, item: id, body: body, from: source}
	k := &sketching{}
	item = InboxItem{ID: id, Received: s.o.Now().UTC(), Source: source, Event: event, Bytes: len(body), Wanted: format}
	k.report, err = ReadFindings(ctx, r, func(f *intake.Finding) error {
		if len(item.Keys) < inboxKeys && !slices.Contains(item.Keys, f.Key) {
			item.Keys = append(item.Keys, f.Key)
		}
		return k.add(f)
	})
	if err != nil {
		return item, false, err
	}
	books, err := s.Playbooks()
	if err != nil && CodeOf(err) != CodePartial {
		return item, false, err
	}
	sketch := k.sketch(books)
	item.Format, item.Tools, item.Findings, item.Open = k.report.Format, k.report.Tools, k.report.Findings, k.open
	item.Worst, item.Kind, item.Title, item.Playbook = k.report.Worst, k.report.Leading(), sketch.Title, sketch.Playbook
	if err := s.room(len(body)); err != nil {
		return item, false, err
	}
	if err := os.MkdirAll(s.doneDir(), 0o700); err != nil {
		return item, false, fmt.Errorf("keep an alert: %w", err)
	}
	sealed, err := s.sealItem(body)
	if err == nil {
		err = durable.Replace(filepath.Join(s.inboxDir(), id+".body"), sealed, 0o600)
	}
	if err != nil {
		return item, false, fmt.Errorf("keep an alert: %w", err)
	}
	return item, true, s.writeItem(filepath.Join(s.inboxDir(), id+".json"), item)
}

// room is an error where the inbox holds as much as it may.
func (s *Service) room(more int) error {
	entries, err := os.ReadDir(s.inboxDir())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into the inbox: %w", err)
	}
	items, size := 0, int64(more)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
			if strings.HasSuffix(e.Name(), ".json") {
				items++
			}
		}
	}
	if items >= inboxItems || size > inboxBytes {
		return errInboxFull
	}
	return nil
}

// InboxFull says whether that is why an alert was not kept.
func InboxFull(err error) bool { return errors.Is(err, errInboxFull) }

// Unreadable says whether an alert was not kept because it cannot be read.
func Unreadable(err error) bool {
	return slices.ContainsFunc([]error{intake.ErrEmpty, intake.ErrMalformed, intake.ErrUnknown, intake.ErrReported, intake.ErrTooLarge}, func(e error) bool { return errors.Is(err, e) })
}

func (s *Service) sealItem(b []byte) ([]byte, error) {
	if s.vault == nil {
		return b, nil
	}
	return s.vault.ws.Seal(b)
}

// openItem opens a file of the inbox. One that was written before the workspace
// was encrypted is plain.
func (s *Service) openItem(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || !keys.IsSealed(b) {
		return b, err
	}
	if s.vault == nil {
		return nil, fail(CodeAuth, "", "%s is sealed, and this workspace has no key", filepath.Base(path))
	}
	plain, err := s.vault.ws.Open(b)
	if err == nil {
		return plain, nil
	}
	ids, ierr := s.ownIdentities()
	if ierr != nil {
		return nil, errors.Join(err, ierr)
	}
	return keys.OpenWith(b, ids...)
}

func (s *Service) writeItem(path string, item InboxItem) error {
	b, err := json.Marshal(item)
	if err == nil {
		b, err = s.sealItem(b)
	}
	if err == nil {
		err = durable.Replace(path, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep an alert: %w", err)
	}
	return nil
}

func (s *Service) readItem(path string) (InboxItem, error) {
	b, err := s.openItem(path)
	if err != nil {
		return InboxItem{}, err
	}
	var item InboxItem
	if err := json.Unmarshal(b, &item); err != nil || item.ID != strings.TrimSuffix(filepath.Base(path), ".json") {
		return InboxItem{}, fail(CodeIntegrity, "take the file away: it is no alert", "%s: it is damaged: %w", path, err)
	}
	return item, nil
}

func (s *Service) waiting(id string) (InboxItem, error) {
	return s.readItem(filepath.Join(s.inboxDir(), id+".json"))
}

// doneItem is what became of an item, as long as that is kept.
func (s *Service) doneItem(id string) (InboxItem, error) {
	path := filepath.Join(s.doneDir(), id+".json")
	item, err := s.readItem(path)
	if err == nil && s.o.Now().Sub(item.Done) > inboxDone {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return item, err
		}
		return item, fs.ErrNotExist
	}
	return item, err
}

// Inbox lists what waits, the oldest first, and with done what was taken or
// dropped lately. One that cannot be read is in the error; the others are listed.
func (s *Service) Inbox(done bool) ([]InboxItem, error) {
	out, errs := s.itemsIn(s.inboxDir())
	if done {
		more, merrs := s.itemsIn(s.doneDir())
		out, errs = append(more, out...), append(errs, merrs...)
	}
	if len(errs) > 0 {
		return out, &Error{Code: CodePartial, Hint: HintOf(errs[0]), Err: errors.Join(errs...)}
	}
	return out, nil
}

func (s *Service) itemsIn(dir string) (out []InboxItem, errs []error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, []error{fmt.Errorf("look into the inbox: %w", err)}
	}
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || !itemName.MatchString(id) {
			continue
		}
		item, err := s.readItem(filepath.Join(dir, e.Name()))
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was taken just now
		case err != nil:
			errs = append(errs, err)
		default:
			out = append(out, item)
		}
	}
	slices.SortStableFunc(out, func(a, b InboxItem) int { return a.Received.Compare(b.Received) })
	return out, errs
}

// InboxState is how many alerts wait in the inbox, and how bad the worst of them is:
// of the first 200, if they are more.
type InboxState struct {
	Count int
	Worst string
}

// InboxState looks into the inbox.
func (s *Session) InboxState(context.Context) (w InboxState, err error) {
	entries, err := os.ReadDir(s.s.inboxDir())
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return w, fmt.Errorf("look into the inbox: %w", err)
	}
	worst := intake.Severity("")
	const looked = 200
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || !itemName.MatchString(id) {
			continue
		}
		if w.Count++; w.Count > looked {
			continue
		}
		item, err := s.s.waiting(id)
		if err == nil && item.Worst != "" && (worst == "" || item.Worst.AtLeast(worst)) {
			worst = item.Worst
		}
	}
	w.Worst = string(worst)
	return w, nil
}

// ParseItem finds the item that a text of at least four digits begins, or "last".
func (s *Service) ParseItem(text string) (InboxItem, error) {
	items, err := s.Inbox(false)
	if text == "last" && len(items) > 0 {
		return items[len(items)-1], nil
	}
	var found []InboxItem
	for _, i := range items {
		if len(text) >= 4 && strings.HasPrefix(i.ID, strings.ToLower(text)) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return InboxItem{}, usage("give more of its digits", "item %q: %d begin so", text, len(found))
	case err != nil:
		return InboxItem{}, err
	}
	return InboxItem{}, notFound("firebreak intake list shows what waits", "item %q: it does not wait in the inbox", text)
}

// request is the item as something to take in.
func (s *Service) request(item InboxItem) (IntakeRequest, error) {
	body, err := s.openItem(filepath.Join(s.inboxDir(), item.ID+".body"))
	if err != nil {
		return IntakeRequest{}, fmt.Errorf("read alert %s: %w", item.ID, err)
	}
	if itemID(item.Source, body) != item.ID {
		return IntakeRequest{}, fail(CodeIntegrity, "firebreak intake drop "+item.ID+" takes it away", "alert %s: its bytes are not those that came", item.ID)
	}
	return IntakeRequest{File: item.ID, Format: item.Wanted, item: item.ID, body: body, from: item.Source}, nil
}

// TakeItem takes an alert that waits into an incident, or, where there is none,
// opens one for it.
func (s *Session) TakeItem(ctx context.Context, item string, id incident.ID, n NewIncident, p ProgressFunc) (TakenAlert, error) {
	unlock, err := s.s.holdInbox()
	if err != nil {
		return TakenAlert{}, err
	}
	defer unlock()
	it, err := s.s.ParseItem(item)
	if err != nil {
		return TakenAlert{}, err
	}
	return s.takeItem(ctx, it, id, n, "", p)
}

// holdInbox keeps others from taking or dropping meanwhile.
func (s *Service) holdInbox() (func(), error) {
	if err := os.MkdirAll(s.doneDir(), 0o700); err != nil {
		return nil, unwritable(fmt.Errorf("open the inbox: %w", err))
	}
	unlock, err := lockFile(filepath.Join(s.inboxDir(), ".lock"))
	if err != nil {
		return nil, unwritable(err)
	}
	return unlock, nil
}

func (s *Session) takeItem(ctx context.Context, item InboxItem, id incident.ID, n NewIncident, rule string, p ProgressFunc) (TakenAlert, error) {
	r, err := s.s.request(item)
	if err != nil {
		return TakenAlert{}, err
	}
	if id == "" { // an incident may have been opened for it before the program was killed
		if id, err = s.s.openedFor(ctx, item.ID); err != nil {
			return TakenAlert{}, err
		}
	}
	var out TakenAlert
	if id != "" {
		out, err = s.Intake(ctx, id, r, p)
	} else {
		out, err = s.OpenFor(ctx, r, n, p)
	}
	if err != nil {
		return out, err
	}
	item.Incident, item.Rule = out.Incident, rule
	return out, s.finish(item)
}

// finish moves an item to those that are done.
func (s *Session) finish(item InboxItem) error {
	item.Done, item.By = s.s.o.Now().UTC(), s.by.Name
	if err := s.s.writeItem(filepath.Join(s.s.doneDir(), item.ID+".json"), item); err != nil {
		return err
	}
	for _, ext := range []string{".json", ".body"} {
		if err := os.Remove(filepath.Join(s.s.inboxDir(), item.ID+ext)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("take alert %s out of the inbox: %w", item.ID, err)
		}
	}
	return durable.SyncDir(s.s.inboxDir())
}

// DropItem takes an alert out of the inbox; who, when and why is kept for a while.
func (s *Session) DropItem(item, reason string) (InboxItem, error) {
	if strings.TrimSpace(reason) == "" {
		return InboxItem{}, usage("--reason TEXT", "say why the alert is dropped")
	}
	unlock, err := s.s.holdInbox()
	if err != nil {
		return InboxItem{}, err
	}
	defer unlock()
	it, err := s.s.ParseItem(item)
	if err != nil {
		return it, err
	}
	it.Reason = reason
	return it, s.finish(it)
}

// sweepInbox takes away what a killed process left, and what was done long ago.
func (s *Service) sweepInbox() error {
	var errs []error
	entries, err := os.ReadDir(s.inboxDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sweep the inbox: %w", err)
	}
	now := s.o.Now()
	for _, e := range entries {
		id, body := strings.CutSuffix(e.Name(), ".body")
		info, err := e.Info()
		if !body || err != nil || now.Sub(info.ModTime()) < time.Hour {
			continue
		}
		if _, err := os.Lstat(filepath.Join(s.inboxDir(), id+".json")); errors.Is(err, fs.ErrNotExist) { // never acknowledged
			errs = append(errs, os.Remove(filepath.Join(s.inboxDir(), e.Name())))
		}
	}
	done, err := os.ReadDir(s.doneDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sweep the inbox: %w", err)
	}
	for _, e := range done {
		if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > inboxDone && strings.HasSuffix(e.Name(), ".json") {
			errs = append(errs, os.Remove(filepath.Join(s.doneDir(), e.Name())))
		}
	}
	return errors.Join(errs...)
}

// encryptInbox seals what is plain in the inbox.
func (s *Service) encryptInbox() error {
	files, err := s.inboxFiles()
	if err != nil {
		return err
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err == nil && keys.IsSealed(b) || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			b, err = s.vault.ws.Seal(b)
		}
		if err == nil {
			err = wiped(path, func() error { return keys.Replace(path, b) })
		}
		if err != nil {
			return fmt.Errorf("encrypt the inbox: %w", err)
		}
	}
	return nil
}

// inboxFiles are all files of the inbox that hold something of what was sent.
func (s *Service) inboxFiles() (out []string, err error) {
	for _, pattern := range []string{"*.json", "*.body", "done/*.json"} {
		files, err := filepath.Glob(filepath.Join(s.inboxDir(), pattern))
		if err != nil {
			return nil, fmt.Errorf("look into the inbox: %w", err)
		}
		out = append(out, files...)
	}
	return out, nil
}
