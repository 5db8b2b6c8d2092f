package response

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"firebreak/incident"
	"firebreak/internal/durable"
	"firebreak/record"
	"firebreak/store"
	"firebreak/store/archive"
)

// ErrOlder says that the record is older than, or another than, one that this
// workspace has seen: an old backup was put in its place, or it was written
// anew.
var ErrOlder = errors.New("the record is not the newest that this workspace has seen")

// The workspace remembers the newest head of each incident in a file of its
// own, heads/2026-0007, apart from the incident's folder. An old copy of a
// folder agrees with its own heads in everything; only a head that was kept
// elsewhere shows that it is old.

func (s *Service) headsDir() string { return filepath.Join(s.o.Home, "heads") }

func (s *Service) knownFile(id incident.ID) string { return filepath.Join(s.headsDir(), string(id)) }

// known is the newest head that was seen, the zero Head when there is none. A
// file that cannot be read as one is an error that names it.
func (s *Service) known(id incident.ID) (record.Head, error) {
	b, err := os.ReadFile(s.knownFile(id))
	if errors.Is(err, fs.ErrNotExist) {
		return record.Head{}, nil
	}
	if err != nil {
		return record.Head{}, fmt.Errorf("read the newest known head: %w", err)
	}
	h, err := record.ReadHead(b)
	if err == nil && h.Incident() != id {
		err = fmt.Errorf("it is of incident %.40q", h.Incident())
	}
	if err != nil {
		return record.Head{}, fmt.Errorf("%s is no head of %s: %w", s.knownFile(id), id, err)
	}
	return h, nil
}

// standing is how a record stands to a head that was seen before.
type standing int

const (
	extends   standing = iota // it goes on from it
	same                      // it is the head
	given                     // it does not, and an entry says what was lost
	older                     // it ends before it
	rewritten                 // it has other entries
)

// standingOf compares the record of st with a head. The head must have been
// read before the call, so that a record which grows meanwhile is not taken for
// an older one. head is the record's newest.
func standingOf(ctx context.Context, st *store.Store, known record.Head) (how standing, head record.Head, err error) {
	err = st.View(ctx, func(tx *store.Tx) error {
		if head, err = tx.Head(); err != nil || known.Size == 0 {
			return err
		}
		root := head.Root
		switch {
		case head.Size < known.Size:
			how = older
		case head.Size > known.Size:
			if root, err = tx.Root(known.Size); err != nil {
				return err
			}
			if root != known.Root {
				how = rewritten
			}
		case root != known.Root:
			how = rewritten
		default:
			how = same
		}
		if how == older || how == rewritten {
			yes, err := lossNamed(tx, known)
			if err == nil && yes {
				how = given
			}
			return err
		}
		return nil
	})
	return how, head, err
}

// lossNamed says whether an entry names exactly this head as lost.
func lossNamed(tx *store.Tx, known record.Head) (bool, error) {
	entries, err := tx.EntriesOf(record.RecordRestored)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		var r record.Restored
		if e.Decode(&r) == nil && r.KnownSize == known.Size && r.KnownRoot == known.Root {
			return true, nil
		}
	}
	return false, nil
}

// compareKnown is ErrOlder when the record does not go on from the newest head
// that was seen. A file of known heads that is damaged knows nothing: Verify
// tells of it.
func (s *Service) compareKnown(ctx context.Context, id incident.ID, st *store.Store) error {
	known, err := s.known(id)
	if err != nil || known.Size == 0 {
		return nil //nolint:nilerr // see above
	}
	how, head, err := standingOf(ctx, st, known)
	if err != nil {
		return fmt.Errorf("compare %s with what is known: %w", id, err)
	}
	if how == older || how == rewritten {
		return &Error{
			Code: CodeIntegrity,
			Hint: "firebreak verify " + string(id) + " says more. Restore a newer backup, or go on knowingly and on the record: firebreak repair " + string(id) + " --accept-older --reason TEXT",
			Err:  fmt.Errorf("open %s: %w: it has %d entries, the head %s was seen", id, ErrOlder, head.Size, known.Short()),
		}
	}
	return nil
}

// settleKnown compares at opening, sweeps what a killed backup left in the
// folder, and remembers the head.
func (s *Service) settleKnown(ctx context.Context, id incident.ID, st *store.Store) error {
	if _, err := archive.Sweep(s.Dir(id)); err != nil {
		return fmt.Errorf("open %s: %w", id, err)
	}
	if err := s.compareKnown(ctx, id, st); err != nil {
		return err
	}
	return s.learn(ctx, id, st)
}

// learn remembers the newest head of st, if the record goes on from the one
// that is remembered; that one is never replaced by an older one. Where the
// workspace cannot be written to, or is full, the older head stays: it shows
// less, and nothing wrong.
func (s *Service) learn(ctx context.Context, id incident.ID, st *store.Store) error {
	err := s.remember(ctx, id, st)
	for _, harmless := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, harmless) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("remember the newest head of %s: %w", id, err)
	}
	return nil
}

func (s *Service) remember(ctx context.Context, id incident.ID, st *store.Store) error {
	known, err := s.known(id)
	if h := st.Head(); err == nil && h.Size == known.Size && h.Root == known.Root {
		return nil // the usual case costs one small read
	}
	if err := os.MkdirAll(s.headsDir(), 0o700); err != nil {
		return err
	}
	unlock, err := lockFile(filepath.Join(s.headsDir(), ".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if known, err = s.known(id); err != nil {
		known = record.Head{} // no head: written anew
	}
	how, head, err := standingOf(ctx, st, known)
	if err != nil || how == same || how == older || how == rewritten || len(head.Signed) == 0 {
		return err
	}
	if how == given { // the lost branch can still be told when its backup turns up
		if err := durable.Replace(s.knownFile(id)+".lost", known.Signed, 0o600); err != nil {
			return err
		}
	}
	return durable.Replace(s.knownFile(id), head.Signed, 0o600)
}

// learnBackup remembers that nothing but the entry about a backup came after
// what the backup holds: to restore that backup is to lose nothing else.
func (s *Service) learnBackup(id incident.ID, taken, after record.Head) error {
	if after.Size != taken.Size+1 {
		return nil // others wrote meanwhile
	}
	err := durable.Replace(s.knownFile(id)+".backup", slices.Concat(taken.Signed, after.Signed), 0o600)
	if err != nil && !isFull(err) && !errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("remember the backup of %s: %w", id, err)
	}
	return nil
}

// onlyBackup says whether the known head differs from that of a record only by
// the entry about the backup that the record comes from.
func (s *Service) onlyBackup(id incident.ID, in, known record.Head) bool {
	b, err := os.ReadFile(s.knownFile(id) + ".backup")
	if err != nil {
		return false
	}
	two, err := record.SplitHeads(b)
	if err != nil || len(two.Notes) != 2 {
		return false
	}
	taken, err := record.ReadHead(two.Notes[0])
	after, e := record.ReadHead(two.Notes[1])
	return err == nil && e == nil && taken.Size == in.Size && taken.Root == in.Root && after.Size == known.Size && after.Root == known.Root
}

// verifyKnown adds to a report what the head that was seen says of the record.
func (s *Service) verifyKnown(ctx context.Context, id incident.ID, st *store.Store, report *record.Report) error {
	known, err := s.known(id)
	if err != nil {
		report.Notes = append(report.Notes, err.Error()+"; it is written anew when the incident is opened")
		return nil
	}
	if known.Size == 0 {
		return nil
	}
	how, head, err := standingOf(ctx, st, known)
	if err != nil { // the kept hashes are damaged: the report says so already
		if ctx.Err() != nil {
			return ctx.Err()
		}
		report.Notes = append(report.Notes, "not compared with the newest head this workspace has seen, "+known.Short()+": "+err.Error())
		return nil
	}
	switch how {
	case older:
		report.Problems = append(report.Problems, record.Problem{Seq: head.Size + 1, What: record.Truncated, Where: fmt.Sprintf(
			"this workspace has seen %s; the record ends at %d: it was cut, or an old backup was restored", known.Seal(), head.Size)})
	case rewritten:
		report.Problems = append(report.Problems, record.Problem{What: record.Rewritten, Where: fmt.Sprintf(
			"the first %d entries are not those of the head that this workspace has seen, %s", known.Size, known.Seal())})
	case given:
		report.Notes = append(report.Notes, "entries after "+known.Short()+" were lost with an old backup, and an entry says so")
	case extends, same:
	}
	return nil
}
