package response

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"firebreak/record"
	"firebreak/record/bundle"
	"firebreak/record/sshsig"
	"firebreak/store/keys"
)

// BundleVerification says what to compare a bundle with. All of it comes from
// outside of the bundle.
type BundleVerification struct {
	Seals    []string     // heads that somebody kept
	Keys     []string     // the maker's verifier keys
	Roster   string       // a file of allowed signers
	Identity string       // a file that opens an encrypted bundle
	Ask      keys.AskFunc // asks for the passphrase of the identity; nil where nobody is there
}

// BundleReport is the result of a verification.
type BundleReport = bundle.Report

// VerifyBundle checks a bundle, an archive or the folder it was unpacked into.
// It needs no workspace. A problem is part of the report, not an error.
func VerifyBundle(ctx context.Context, path string, o BundleVerification, p ProgressFunc) (BundleReport, error) {
	for _, text := range o.Seals {
		if _, err := record.ParseSeal(text); err != nil {
			return BundleReport{}, usage("as it is printed: \"2026-0007 @12 9f2c…\" with all 64 digits", "%w", err)
		}
	}
	for _, text := range o.Keys {
		if _, err := record.ParseKeys(text); err != nil {
			return BundleReport{}, usage("as the maker prints it: firebreak bundle --json, \"key\"", "that is not a verifier key") // not repeated: it could be a secret one
		}
	}
	bo := bundle.Options{Keys: o.Keys, Seals: o.Seals}
	if o.Roster != "" {
		b, err := readSmall(o.Roster)
		if err != nil {
			return BundleReport{}, usage("a file in the form of OpenSSH's allowed_signers", "roster: %w", err)
		}
		roster, err := sshsig.ParseRoster(b)
		if err != nil {
			return BundleReport{}, usage("a file in the form of OpenSSH's allowed_signers", "roster %s: %w", o.Roster, err)
		}
		bo.Roster = roster
	}
	c, err := readBundle(ctx, path, o, p)
	if err != nil {
		return BundleReport{}, err
	}
	tell(p, "checking the record", 0, 0)
	return bundle.Verify(c, bo), nil
}

func readBundle(ctx context.Context, path string, o BundleVerification, p ProgressFunc) (c *bundle.Contents, err error) {
	say := func(name string) { tell(p, "reading "+name, 0, 0) }
	info, err := os.Stat(path)
	if err != nil {
		return nil, usage("the file that firebreak bundle wrote, or the folder it was unpacked into", "read bundle: %w", err)
	}
	if info.IsDir() {
		return bundle.ReadFolder(ctx, os.DirFS(path), say)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewReader(f)
	begin, err := b.Peek(len(keys.Begins))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	if !keys.IsSealed(begin) {
		return bundle.Read(ctx, b, say)
	}
	if o.Identity == "" {
		return nil, usage("--identity FILE: the age identity or ssh key it was encrypted to", "%s is encrypted", path)
	}
	ids, err := identities([]string{o.Identity}, o.Ask)
	if err != nil {
		return nil, err
	}
	plain, err := keys.Decrypt(b, ids...)
	if errors.Is(err, keys.ErrKey) || errors.Is(err, keys.ErrUnasked) {
		return nil, keyError(fmt.Errorf("open %s: %s does not open it: %w", path, o.Identity, err))
	}
	if err != nil {
		return nil, &Error{Code: CodeIntegrity, Hint: "the encrypted file itself is damaged: get it again", Err: fmt.Errorf("open %s: %w", path, err)}
	}
	return bundle.Read(ctx, plain, say)
}
