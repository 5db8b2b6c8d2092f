package parse

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"firebreak/forensics/formats/rpm"
	"firebreak/forensics/formats/sqlite"
	"firebreak/timeline"
)

// rpmParsers are the databases of rpm that are not SQLite.
func rpmParsers() []parser {
	about := func(formats, reference, oracle, differs string) About {
		return About{
			Formats: formats, Events: "a package: installed, as of `rpmdb`", Times: "seconds, UTC", Reference: reference, Oracle: oracle, Differs: differs,
		}
	}
	return []parser{
		{
			name: "rpmdb.bdb", binary: true, detect: func(name string, head []byte) bool { return rpm.IsBerkeley(head) && name == "Packages" }, run: parseRPM(rpm.Berkeley),
			about: about("Packages of rpm until 4.15, a hash of Berkeley DB, of either order of bytes", "Berkeley DB 4.8, dbinc/db_page.h; rpm 4.14, lib/backend/db3.c", "rpm -qa on what our tests make", "removed packages are not looked for"),
		},
		{
			name: "rpmdb.ndb", binary: true, detect: func(_ string, head []byte) bool { return rpm.IsNDB(head) }, run: parseRPM(rpm.NDB),
			about: about("Packages.db, as SUSE's rpm keeps it (ndb)", "rpm 4.18, lib/backend/ndb/rpmpkg.c", "none was at hand: a real database of SUSE's read whole, and our own samples", "removed packages that are not overwritten are recovered"),
		},
	}
}

func parseRPM(read func(context.Context, io.ReaderAt, int64, rpm.Tell, rpm.Bad) error) func(*job, *bufio.Reader) error {
	return func(j *job, r *bufio.Reader) error {
		at, size, done, err := j.whole(r)
		if err != nil {
			return err
		}
		defer done()
		err = read(j.ctx, at, size, func(offset int64, header []byte, recovered bool) error {
			p, err := rpm.Read(header)
			if err != nil {
				j.reject(offset, nil, err.Error())
				return nil
			}
			e := installed(p, recovered)
			if recovered {
				e.Attributes.Set(attrRecovered, "a header that the database does not know")
				return j.recover(offset, e)
			}
			return j.add(offset, e)
		}, func(offset int64, why string) error {
			j.reject(offset, nil, why)
			return nil
		})
		if errors.Is(err, rpm.ErrFormat) {
			j.reject(0, nil, err.Error())
			return nil
		}
		return err
	}
}

func tellRPM(db *database, row *sqlite.Row) error {
	p, err := rpm.Read(row.Value("blob").Bytes)
	if err != nil {
		db.reject(row.Offset, nil, err.Error())
		return nil
	}
	return db.put(row, installed(p, row.Recovered))
}

// installed is the event of a package.
func installed(p rpm.Package, removed bool) timeline.Event {
	name, version := foreignText(p.Name), foreignText(p.EVR())
	e := timeline.Event{
		Source: "package", Precision: timeline.Second, TimeKind: timeline.Installed, Message: "installed " + name + " " + version + pre(".", foreignText(p.Arch)),
	}
	if at := time.Unix(p.InstallTime, 0).UTC(); sane(at) {
		e.Time = at
	}
	signed := "no"
	if p.Signed {
		signed = "yes"
	}
	setAll(&e.Attributes, attrAction, "install", "package", name, "version", version, "arch", foreignText(p.Arch), "vendor", foreignText(p.Vendor),
		"packager", foreignText(p.Packager), "build_host", foreignText(p.BuildHost), "source_package", foreignText(p.SourceRPM), "summary", foreignText(p.Summary),
		"signed", signed, "files", strconv.Itoa(p.Files))
	if at := time.Unix(p.BuildTime, 0).UTC(); sane(at) {
		e.Attributes.Set("built", at.Format(time.RFC3339))
	}
	if p.InstallTID > 0 {
		e.Attributes.Set("transaction", strconv.FormatInt(p.InstallTID, 10))
	}
	if removed {
		e.Message = "was installed and is removed: " + name + " " + version
	}
	return e
}
