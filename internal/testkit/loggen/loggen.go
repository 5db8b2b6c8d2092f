// Package loggen makes logs and body files of any size that look like those of
// an incident and are the same bytes for the same seed: for benchmarks, and for
// tests that want more than a handful of lines.
//
// A log has some dozens of sources that overlap in time over 90 days, hosts,
// users and addresses of which few are common and many are rare, and now and
// then a line that somebody will look for. The texts are the lines of real logs
// where a folder of them is given, else hand-written ones; their addresses,
// numbers, hexadecimal numbers and users are drawn anew for each line.
package loggen

import (
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// What is hidden in a log: words that stand in it rarely, and how rarely. They
// are drawn for each line, so their number varies with the seed.
const (
	PerRarest = 2_000_000 // lines for one with "zerologon"
	PerRare   = 270_000   // lines for one with "mimikatz"
	PerSeldom = 10_000    // lines for one with "nc -e /bin/sh"
)

// Options say what is made.
type Options struct {
	Lines   int
	Seed    uint64
	Sources int    // 0: one for each 250,000 lines, and at least 8
	Corpus  string // folder with loghub/OpenSSH_2k.log and loghub/Linux_2k.log; empty: own templates
}

// Begin is when every log begins, and Span how long it goes on.
var Begin = time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant that the language has no word for

// Span is how much time a log covers, about.
const Span = 90 * 24 * time.Hour

// Row is one line in its parts. Its Message is valid until the next row.
type Row struct {
	Time    time.Time
	Host    string
	User    string // of whom the event is; not in the line
	Program string
	PID     int
	Message []byte
	Address string // the last one in the message, if any
	Source  int    // counted from 0
	Kind    string // what log it is from: sshd, web, linux, windows, files, mac, hadoop, apache
}

// kinds are the kinds of the sources, in turn.
var kinds = [...]string{"sshd", "web", "linux", "windows", "files", "mac", "sshd", "hadoop", "web", "apache"} //nolint:gochecknoglobals // a table

// Log makes the rows of a log one after the other. It is an io.Reader of the
// log as lines of syslog with RFC 3339 times.
type Log struct {
	*pools
	o    Options
	r    *rand.Rand
	draw draws

	made   int // rows so far
	source int
	left   int // rows of this source
	at     time.Time
	step   float64
	host   string
	row    Row
	line   []byte // not read yet
	room   []byte
}

// New prepares a log. The error is of the templates' folder.
func New(o Options) (*Log, error) {
	if o.Sources <= 0 {
		o.Sources = max(8, o.Lines/250_000)
	}
	p, err := newPools(o.Corpus)
	if err != nil {
		return nil, err
	}
	l := &Log{pools: p, o: o, r: rand.New(rand.NewPCG(o.Seed, 2)), source: -1}
	l.draw = newDraws(l.r, p)
	return l, nil
}

// Templates says in words where the texts are from.
func (l *Log) Templates() string { return l.from }

// Next makes the next row; nil means that there are no more.
func (l *Log) Next() *Row {
	if l.made >= l.o.Lines {
		return nil
	}
	for l.left == 0 {
		l.begin()
	}
	l.left--
	l.made++
	row := &l.row
	l.at = l.at.Add(time.Duration(l.r.ExpFloat64() * l.step))
	*row = Row{Time: l.at, Host: l.host, Message: row.Message[:0], Source: l.source, Kind: kinds[l.source%len(kinds)]}
	if l.r.IntN(3) == 0 {
		row.Host = l.hosts[l.draw.host.Uint64()]
	}
	row.User = l.users[l.draw.user.Uint64()]
	row.PID = 300 + l.r.IntN(32_000)
	l.write(row)
	l.plant(row)
	return row
}

// begin goes on to the next source.
func (l *Log) begin() {
	l.source++
	per := l.o.Lines / l.o.Sources
	l.left = per
	if l.source >= l.o.Sources-1 {
		l.left = l.o.Lines - l.made
	}
	l.at = Begin
	l.step = float64(Span) / float64(max(1, l.left))
	l.host = l.hosts[l.draw.host.Uint64()]
}

// plant hides what will be looked for.
func (l *Log) plant(row *Row) {
	switch x := l.r.IntN(PerRarest); {
	case x == 0:
		row.Message = append(row.Message, " zerologon-exploit"...)
	case x <= PerRarest/PerRare:
		row.Message = append(row.Message, " /tmp/.x/mimikatz.exe privilege::debug"...)
	case x <= PerRarest/PerSeldom:
		row.Message = append(row.Message, " nc -e /bin/sh"...)
	}
}

// AppendLine adds the row as a line of syslog.
func (r *Row) AppendLine(b []byte) []byte {
	b = r.Time.AppendFormat(b, "2006-01-02T15:04:05.000000+00:00")
	b = append(append(append(append(b, ' '), r.Host...), ' '), r.Program...)
	b = append(strconv.AppendInt(append(b, '['), int64(r.PID), 10), "]: "...)
	return append(append(b, r.Message...), '\n')
}

// Read reads the log as text.
func (l *Log) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(l.line) == 0 {
			row := l.Next()
			if row == nil {
				if n == 0 {
					return 0, io.EOF
				}
				return n, nil
			}
			l.room = row.AppendLine(l.room[:0])
			l.line = l.room
		}
		c := copy(p[n:], l.line)
		n, l.line = n+c, l.line[c:]
	}
	return n, nil
}
