package cmd_test

import "testing"

// TestOlderBackupBringsBackWhatWasErased: it is named before it is refused, and
// after it was made to.
func TestOlderBackupBringsBackWhatWasErased(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	b.want(0, "note", id, "to go")
	b.want(0, "erase", id, "--exhibit", "e1", "--basis", "GDPR Art. 17(1)(a)")
	var x struct{ Digest string }
	b.into(&x, "show", id, "x1")
	for _, who := range []string{"ann", "bob"} {
		b.want(0, "erase", id, "--agree", "x1", "--digest", x.Digest, "--as", who)
	}
	b.want(0, "erase", id, "--do", "x1")
	b.want(0, "hold", id, "--reason", "a court says so")
	wants := []string{"it brings back what erasure x1 destroyed", "1 exhibit): erase it again", "it does not know of the legal hold", "place it again"}
	tells(t, b.want(6, "restore", file, id, "--identity", identity, "--replace"), wants...)
	tells(t, b.want(0, "restore", file, id, "--identity", identity, "--replace", "--accept-older", "--reason", "the disk is gone"), wants...)
	b.want(0, "erase", id, "--exhibit", "e1", "--basis", "GDPR Art. 17(1)(a)")
	tells(t, b.want(0, "show", id, "x1"), "ALSO IN", "incidents/.replaced-"+id+"-", "which a restore moved aside")
}
