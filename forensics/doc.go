// Package forensics takes evidence and keeps it: collectors that read a live
// Linux host or a mounted image in the order of volatility (RFC 3227), and the
// locker that seals what they took under its hash.
//
// It promises to read and never to write outside the locker, to run no other
// program, to have no kernel module loaded, to open no FIFO, symbolic link or
// device save the kernel's log, and to say of everything that it could not take
// whole why not (record.Refusal). It does not interpret: package forensics/parse
// turns exhibits into events. Files that are there to hold a secret (keys,
// credentials, password hashes, memory) and environment variables are copied only
// when they are asked for, save the variables that the dynamic loader obeys.
//
// Where to begin reading: collectors.go is the table of what is taken, collect.go
// what a caller says and where it goes (Sealer), collect_linux.go one collection.
// tree_linux.go opens names below a root and follows nothing out of it;
// walk_linux.go is the one walk, queue_linux.go seals what it chose. locker.go is
// the locker. diskimage.go collects out of an image file. Every other file is a
// collector.
package forensics
