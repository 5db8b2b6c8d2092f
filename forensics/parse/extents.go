package parse

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"path"
)

// parseExtents reads a sparse file that was sealed as the runs of data in it
// ("fb.extents"). Only lastlog is taken so today; of another file the runs are
// kept as evidence and give no events.
func parseExtents(j *job, r *bufio.Reader) error {
	if path.Base(j.src.Exhibit.Source) != "lastlog" {
		return parseText(j, r)
	}
	x := &extents{j: j, number: -1}
	err := eachLine(j, r, x.line)
	if ferr := x.flush(); err == nil {
		err = ferr
	}
	return err
}

// extents puts lastlog records together again from the runs, which begin and
// end at blocks, not at records.
type extents struct {
	j      *job
	end    int64 // of the last run
	number int64 // of the record at hand, -1 for none
	record [lastlogSize]byte
}

func (x *extents) line(ln line) error {
	var run struct {
		Offset int64  `json:"offset"`
		Data   []byte `json:"data"`
	}
	if err := json.Unmarshal(ln.text, &run); err != nil || ln.cut {
		x.j.reject(ln.offset, ln.text, "no run of data")
		return nil
	}
	if run.Offset < x.end || run.Offset > 1<<44 {
		x.j.reject(ln.offset, nil, "runs of data are out of order")
		return nil
	}
	x.end = run.Offset + int64(len(run.Data))
	for at, b := run.Offset, run.Data; len(b) > 0; {
		if n := at / lastlogSize; n != x.number {
			if err := x.flush(); err != nil {
				return err
			}
			x.number = n
		}
		n := copy(x.record[at%lastlogSize:], b)
		b, at = b[n:], at+int64(n)
	}
	return nil
}

// flush adds the record at hand. Its offset is that in the sparse file.
func (x *extents) flush() error {
	if x.number < 0 {
		return nil
	}
	n := x.number
	x.number = -1
	defer clear(x.record[:])
	return lastlogRecord(x.j, binary.LittleEndian, n*lastlogSize, n, x.record[:])
}
