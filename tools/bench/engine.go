package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"firebreak/forensics/parse"
	"firebreak/record"
	"firebreak/store/events"
)

// engine reads a log into a timeline.db without an incident around it: hashed,
// parsed and durable, but no sealed copy and no entry of a record. Memory is set as
// the program sets it while it reads evidence (cmd/thrift.go).
func engine(ctx context.Context, log, path string, out io.Writer) (err error) {
	debug.SetGCPercent(25)
	debug.SetMemoryLimit(100 << 20)
	f, err := os.Open(log)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	db, err := events.Open(ctx, path, events.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	hash := sha256.New()
	a := db.NewAppender(ctx)
	x := record.Exhibit{ID: "e1", Source: log, SHA256: hex.EncodeToString(hash.Sum(nil))}
	in, perr := parse.File(ctx, io.TeeReader(bufio.NewReaderSize(f, 1<<20), hash), parse.Source{
		Exhibit: x, Parser: "syslog", Again: func() (io.ReadCloser, error) { return os.Open(log) },
	}, a.Add)
	added, cerr := a.Close() //nolint:contextcheck // the appender has the context
	if err := errors.Join(perr, cerr); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d events, %d new, sha256 %x\n", in.Events, added, hash.Sum(nil))
	return err
}
