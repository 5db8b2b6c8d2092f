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
package forensics
