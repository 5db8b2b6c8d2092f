package response

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"time"

	"firebreak/forensics/container"
	"firebreak/integrations/tsa"
	"firebreak/internal/durable"
	"firebreak/record/stamp"
)

// FileStamp is a time-stamp of a file, as a container: FILE.tsr beside it.
type FileStamp struct {
	File      string    `json:"file"`
	SHA256    string    `json:"sha256"`
	Stamp     string    `json:"stamp"` // the file with the authority's reply
	Authority string    `json:"authority"`
	Serial    string    `json:"serial"`
	Time      time.Time `json:"time"`
	// Trusted says that a certificate of trust/tsa.pem vouches for who stamped.
	Trusted bool `json:"trusted"`
}

// VerifiedContainer is what verify says of a container.
type VerifiedContainer struct {
	container.Report
	Stamp *FileStamp `json:"stamp,omitempty"`
}

// StampBeside is where the time-stamp of a file lies.
func StampBeside(file string) string { return file + ".tsr" }

func digestOf(ctx context.Context, file string, p ProgressFunc) (sum [sha256.Size]byte, err error) {
	text, _, err := hashFile(ctx, file, p)
	if err != nil {
		return sum, err
	}
	_, err = hex.Decode(sum[:], []byte(text))
	return sum, err
}

// StampFile asks an authority (RFC 3161) to stamp a file as it lies, a container
// that is still encrypted as a rule, and keeps its reply in FILE.tsr. Neither a
// workspace nor a key is needed; the authority learns a hash. url "" is the
// configuration's. A stamp that is there is not replaced.
func StampFile(ctx context.Context, w Options, file, url string, p ProgressFunc) (FileStamp, error) {
	url = cmp.Or(url, w.Config.Timestamp.URL)
	if url == "" {
		return FileStamp{}, usage("--tsa URL, or timestamp.url in the configuration; without a network: --request FILE.tsq", "time-stamp %s: no authority is named", file)
	}
	sum, err := digestOf(ctx, file, p)
	if err != nil {
		return FileStamp{}, fmt.Errorf("time-stamp: %w", err)
	}
	var b [16]byte
	if _, err := w.Rand.Read(b[:]); err != nil {
		return FileStamp{}, fmt.Errorf("time-stamp: %w", err)
	}
	nonce := new(big.Int).SetBytes(b[:])
	query, err := stamp.QuerySum(sum, nonce)
	if err != nil {
		return FileStamp{}, err
	}
	tell(p, "waiting for the time-stamping authority", 0, 0)
	reply, err := tsa.Ask(ctx, url, query, w.Now)
	if err != nil {
		return FileStamp{}, actionError("time-stamp "+file, err)
	}
	return keepStamp(w, file, sum, reply, nonce)
}

// StampFileQuery is the question for an authority that is asked elsewhere.
func StampFileQuery(ctx context.Context, file string, p ProgressFunc) ([]byte, error) {
	sum, err := digestOf(ctx, file, p)
	if err != nil {
		return nil, fmt.Errorf("time-stamp: %w", err)
	}
	return stamp.QuerySum(sum, nil)
}

// StampFileReply keeps the reply that an authority gave elsewhere.
func StampFileReply(ctx context.Context, w Options, file string, reply []byte, p ProgressFunc) (FileStamp, error) {
	sum, err := digestOf(ctx, file, p)
	if err != nil {
		return FileStamp{}, fmt.Errorf("time-stamp: %w", err)
	}
	return keepStamp(w, file, sum, reply, nil)
}

func keepStamp(w Options, file string, sum [sha256.Size]byte, reply []byte, nonce *big.Int) (FileStamp, error) {
	out, token, err := judgeStamp(w, file, sum, reply)
	if err == nil && nonce != nil && (token.Nonce == nil || token.Nonce.Cmp(nonce) != 0) {
		err = errors.New("time-stamp: it answers another question")
	}
	if err != nil {
		return FileStamp{}, refused("nothing was kept", "%w", err)
	}
	err = publish(out.Stamp, reply)
	if errors.Is(err, fs.ErrExist) {
		return FileStamp{}, refused("move it away to have another", "time-stamp %s: %w", file, err)
	}
	return out, err
}

// publish writes a file that was not there, whole or not at all.
func publish(path string, content []byte) error {
	d, err := durable.Create(path)
	if err != nil {
		return err
	}
	if _, err = d.Write(content); err == nil {
		err = d.Publish()
	}
	return errors.Join(err, d.Drop())
}

func judgeStamp(w Options, file string, sum [sha256.Size]byte, reply []byte) (FileStamp, stamp.Token, error) {
	out := FileStamp{File: file, SHA256: hex.EncodeToString(sum[:]), Stamp: StampBeside(file)}
	token, imprint, err := stamp.Open(reply)
	if err != nil {
		return out, token, err
	}
	if !imprint.OfSum(sum) {
		return out, token, errors.New("time-stamp: it is of other bytes")
	}
	out.Authority, out.Serial, out.Time = token.Authority, token.Serial, token.Time
	roots, err := authorities(w.Home)
	if err != nil {
		return out, token, err
	}
	out.Trusted = token.Trusted(roots) == nil
	return out, token, nil
}

// CheckFileStamp checks the time-stamp that lies beside a file; nil is none.
// Errors: CodeIntegrity for one that is bad or of other bytes.
func CheckFileStamp(ctx context.Context, w Options, file string, p ProgressFunc) (*FileStamp, error) {
	reply, err := readSmall(StampBeside(file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, fmt.Errorf("verify time-stamp: %w", err)
	}
	sum, err := digestOf(ctx, file, p)
	if err != nil {
		return nil, fmt.Errorf("verify time-stamp: %w", err)
	}
	out, _, err := judgeStamp(w, file, sum, reply)
	if err != nil {
		return nil, fail(CodeIntegrity, "", "%s: %w", StampBeside(file), err)
	}
	return &out, nil
}
