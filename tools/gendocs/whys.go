package main

// whys says why a file of the corpus gives another number than others count.
var whys = map[string]string{ //nolint:gochecknoglobals // a table
	"plaso/bodyfile/bodyfile.corrupt": "plaso counts lines; each of these has two different times",
	"plaso/syslog.tar":                "an archive, of which plaso counts the times of the file itself: `firebreak import` reads the 12 events of the log in it",
	"plaso/syslog_image.dd":           "an image, of which plaso counts the times of the file itself: `firebreak collect --root` reads what is in it",
	"plaso/ímynd.dd":                  "an image, of which plaso counts the times of the file itself: `firebreak collect --root` reads what is in it",
	"plaso/vsstest.qcow2":             "an image with NTFS in it, to be converted and mounted. A test takes its $MFT out: 71 attributes with times, as plaso counts, in 55 events",
	"plaso/NTUSER.DAT":                "1127 keys, and 125 events of their own for what keys tell; plaso tells a key by the plug-in that knows it",
	"plaso/NTUSER-RunTests.DAT":       "893 keys, and the two commands of Run; plaso counts what one plug-in makes of it",
	"plaso/regf/NTUSER.DAT":           "1597 keys, and 30 events of their own; plaso counts one of the two lists of UserAssist",
	"plaso/customDestinations-ms/368d807282ccde9d.customDestinations-ms": "three links, of three times and an object id each; plaso counts link, shell item and id",
	"plaso/winprefetch/NOTEPAD.EXE-D8414F97.pf":                          "two runs and a volume; plaso counts the runs as one",
	"plaso/syslog/syslog":               "plaso warns of the same line",
	"plaso/audit_enriched.log":          "the lines of one serial are one event; their `records` add up to 29",
	"plaso/chrome/History-58.0.3029.96": "the end of the download is an event of its own",
	"plaso/chrome/History-59.0.3071.86": "the end of the download is an event of its own",
	"plaso/firefox/places.sqlite":       "17 changes of bookmarks are events of their own; 3 annotations that plaso counts are none",
}
