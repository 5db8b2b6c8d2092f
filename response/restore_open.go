package response

import (
	"errors"
	"io"
	"os"

	"filippo.io/age"

	"firebreak/store/archive"
)

// openBackup opens an archive's file, to be hashed while it is read.
func openBackup(name string) (*os.File, *summing, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, 0, usage("", "open backup: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = usage("", "open backup: %s is not a file", name)
	}
	if err != nil {
		return nil, nil, 0, errors.Join(err, f.Close())
	}
	return f, newSumming(f), info.Size(), nil
}

// openArchive opens an archive with the keys at hand.
func openArchive(f *os.File, in io.Reader, size int64, name string, keys BackupKeys, o Options) (*archive.Reader, error) {
	passphrase, err := archive.NeedsPassphrase(f)
	if err != nil {
		return nil, openError(name, err)
	}
	if err := rewind(f); err != nil {
		return nil, err
	}
	var ids []age.Identity
	if ids, err = keys.toRead(o, passphrase); err != nil {
		return nil, err
	}
	a, err := archive.Open(in, size, ids...)
	if err != nil {
		return nil, openError(name, err)
	}
	return a, nil
}
