package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"firebreak/forensics/parse"
	"firebreak/internal/testkit/winlog"
	"firebreak/record"
	"firebreak/timeline"
)

// evtxChunks is how many chunks of 64 KiB the event log has.
const evtxChunks = 1600

// evtx reads an event log of Windows: a real chunk, many times, with new numbers
// each time, or it would be a copy of what was read before.
func (b *bench) evtx(ctx context.Context) error {
	if b.corpus == "" {
		b.tell("  the corpus is not here: no event log to read")
		return nil
	}
	path, err := b.makeEvtx()
	if err != nil {
		return err
	}
	ours, peer := &line{Who: "firebreak's parser, one core"}, &line{Who: "evtxexport (libevtx), XML"}
	err = b.turns(ctx, []*line{ours, peer},
		func(ctx context.Context) (sample, error) { return run(ctx, job{args: []string{b.self, "evtx", path}}) },
		func(ctx context.Context) (sample, error) {
			return run(ctx, job{args: []string{"evtxexport", "-f", "xml", path}})
		})
	if err != nil {
		return err
	}
	records, err := strconv.Atoi(strings.TrimSpace(ours.Out))
	if err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	each := func(l *line) float64 { return float64(records) / l.CPU.Seconds() }
	for _, l := range []*line{ours, peer} {
		if l.Why == "" {
			l.Extra = fmt.Sprintf("%s records a CPU second", number(int64(each(l))))
		}
	}
	b.add(result{
		Work: number(int64(records)) + " records of an event log of Windows, as events of the timeline", Goal: "≥ 50,000 records a CPU second",
		Met:   func(l *line) bool { return each(l) >= 50_000 },
		Lines: []*line{ours, peer},
	})
	return nil
}

// makeEvtx writes the log, or finds it from an earlier run.
func (b *bench) makeEvtx() (string, error) {
	path := filepath.Join(b.dir, "log.evtx")
	if there(path) {
		return path, nil
	}
	data, err := os.ReadFile(filepath.Join(b.corpus, "evtx", "de_unmanagedpowershell_psinject_sysmon_7_8_10.evtx"))
	if err != nil {
		return "", err
	}
	const header, chunk = 4096, 65536
	if len(data) < header+chunk {
		return "", fmt.Errorf("%d bytes are no event log", len(data))
	}
	binary.LittleEndian.PutUint16(data[42:], evtxChunks)
	binary.LittleEndian.PutUint32(data[124:], crc32.ChecksumIEEE(data[:120]))
	f, err := os.Create(path + ".part")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data[:header])
	next := uint64(1)
	for range evtxChunks {
		if err == nil {
			next = renumber(data[header:header+chunk], next)
			_, err = f.Write(data[header : header+chunk])
		}
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", err
	}
	return path, os.Rename(path+".part", path)
}

// renumber gives the records of a chunk the numbers from next on, and seals it
// again; it returns the number after the last.
func renumber(chunk []byte, next uint64) uint64 {
	const records, number, first, last = 512, 8, 8, 16
	put := binary.LittleEndian.PutUint64
	put(chunk[first:], next)
	put(chunk[first+16:], next)
	end := int(binary.LittleEndian.Uint32(chunk[48:]))
	for at := records; at+16 <= end; next++ {
		put(chunk[at+number:], next)
		at += max(int(binary.LittleEndian.Uint32(chunk[at+4:])), number)
	}
	put(chunk[last:], next-1)
	put(chunk[last+16:], next-1)
	winlog.Seal(chunk)
	return next
}

// readEvtx makes events of a log and prints how many records it has.
func readEvtx(ctx context.Context, path string, out io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it is only read
	ing, err := parse.File(ctx, f, parse.Source{
		Exhibit: record.Exhibit{ID: "e1", Source: path, SHA256: strings.Repeat("0", 64)}, Parser: "evtx", Workers: 1,
	}, func([]timeline.Event) error { return nil })
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, ing.Events)
	return err
}
