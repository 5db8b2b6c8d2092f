package chromium_test

import (
	"bytes"
	"strings"
	"testing"

	"firebreak/internal/testkit/chromium"
)

// TestSeesWhatItShould opens a page that does all that a page of ours must not.
func TestSeesWhatItShould(t *testing.T) {
	b := chromium.Start(t)
	tab := b.Open(t, []byte(`<!doctype html><p style="width:5000px">wide <img src="http://evil.example/control"><script>console.log("ran")</script>`), chromium.Screen{Width: 360})
	if asked := strings.Join(tab.Asked(), " "); !strings.Contains(asked, "evil.example/control") {
		t.Errorf("asked %q", asked)
	}
	if said := strings.Join(tab.Console(), "\n"); !strings.Contains(said, "log: ran") {
		t.Errorf("console %q", said)
	}
	if by, who := tab.Overflow(); by < 4000 || len(who) == 0 {
		t.Errorf("overflow %d of %q", by, who)
	}
	if pdf := tab.PDF(); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Errorf("printed %.20q", pdf)
	}
	var ids []string
	for _, v := range tab.Violations(chromium.Axe(t), chromium.Rules{}) {
		ids = append(ids, v.ID)
	}
	if all := strings.Join(ids, " "); !strings.Contains(all, "image-alt") || !strings.Contains(all, "html-has-lang") {
		t.Errorf("axe found %q", all)
	}
}
