// Package profiles says which files of a machine are evidence: artefacts, the
// collectors that take them together, and the profiles that choose collectors.
// What is built in are the YAML files of this folder, which are the format's best
// description; people write their own in the same form.
//
// It reads two formats of others besides: ForensicArtifacts definitions and UAC's.
// Of those only what is read from files is taken over. A command is never run: it
// is listed as refused, with the reason.
//
// The package looks at no machine. It promises that whatever text it is given
// ends in a Set or in Problems with their places, within its limits.
//
// Where to begin reading: profiles.go is what a Set holds; own.go reads our format,
// forensicartifacts.go and uac.go those of others; load.go has what they share.
// secrets.go says which files are there to hold a secret.
package profiles
