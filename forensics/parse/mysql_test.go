package parse

import (
	"fmt"
	"strings"
	"testing"
)

// What a thread does is by whoever opened it, over all of its lines; one whose
// password was wrong, or that ended, is nobody's.
func TestMySQLThreads(t *testing.T) {
	log := "261119  2:14:05\t     5 Connect\teve@198.51.100.7 on  using TCP/IP\n" +
		"\t\t     5 Connect\tAccess denied for user 'eve'@'198.51.100.7' (using password: YES)\n" +
		"\t\t     5 Query\tselect 0\n" +
		"\t\t     6 Connect\tbob@198.51.100.8 on shop using TCP/IP\n" +
		"\t\t     6 Query\tselect 'x'\n\tinto outfile '/tmp/x'\n" +
		"\t\t     6 Quit\t\n" +
		"\t\t     6 Query\tselect 2\n"
	got, ing := run(t, "", "mysql.log", []byte(log))
	var said []string
	for _, e := range got {
		said = append(said, fmt.Sprintf("%s|%s|%s|%q", e.User, e.Attributes.Get("src_ip"), e.Attributes.Get("outcome"), e.Attributes.Get("command")))
	}
	want := []string{
		`eve|198.51.100.7||""`, `eve|198.51.100.7|failure|""`, `|||"select 0"`, `bob|198.51.100.8||""`,
		`bob|198.51.100.8||"select 'x'\n\tinto outfile '/tmp/x'"`, `bob|198.51.100.8||""`, `|||"select 2"`,
	}
	if ing.Parser != "mysql.general" || ing.Rejected != 0 || strings.Join(said, "\n") != strings.Join(want, "\n") {
		t.Errorf("%+v\n%s", ing, strings.Join(said, "\n"))
	}
}
