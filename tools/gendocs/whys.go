package main

// whys says why a file of the corpus gives another number than others count.
var whys = map[string]string{ //nolint:gochecknoglobals // a table
	"plaso/bodyfile/bodyfile.corrupt": "plaso counts lines; each of these has two different times",
	"plaso/syslog.tar":                "an archive: `firebreak import` reads what is in it",
	"plaso/syslog_image.dd":           "an image: `firebreak collect --root` reads what is in it",
	"plaso/ímynd.dd":                  "an image: `firebreak collect --root` reads what is in it",
	"plaso/vsstest.qcow2":             "an image with NTFS in it: to be converted and mounted",
	"plaso/syslog/syslog":             "plaso warns of the same line",
	"plaso/powershell_transcript.txt": "a transcript has one time for all of it; kept as evidence",
}
