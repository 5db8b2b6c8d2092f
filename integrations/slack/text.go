package slack

import (
	"strings"

	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// maxText is how long a message may be; Slack itself cuts at 40,000 characters.
const maxText = 39_000

// escape takes from a text all that Slack would obey: "<!channel>" would call
// everybody, and "<https://a|https://b>" would show one address and lead to
// another.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// shownAs is a link or a mention in a text of Slack's: what stands for it.
var shownAs = lazyre.New(`<(?:[^<>|]*\|([^<>|]*)|([^<>|]*))>`)

// plain undoes escape, and what Slack adds by itself: it makes links of addresses.
func plain(s string) string {
	s = shownAs.ReplaceAllString(s, "$1$2")
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}

// same compares texts as a reader does: Slack trims spaces, and puts a scheme
// before the mail addresses that it finds.
func same(a, b string) bool { return level(a) == level(b) }

func level(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "mailto:", "")
}

// seal stands before the record's head.
const seal = "\n\nFirebreak record: "

// compose is the whole text of a message. The key is in its metadata.
func compose(message string, c integrations.Call) string {
	c.Key = ""
	return escape(integrations.Text(message, c))
}

// content is a message's text without the record's head, which is another each
// time, and as somebody would type it.
func content(raw string) string {
	if i := strings.LastIndex(raw, seal); i >= 0 {
		raw = raw[:i]
	}
	return plain(raw)
}

// mentions are the names that an author calls on purpose.
func mentions(names []string) string {
	var b strings.Builder
	for _, n := range names {
		switch n[0] {
		case 'U', 'W':
			b.WriteString("<@" + n + "> ")
		case 'S':
			b.WriteString("<!subteam^" + n + "> ")
		default:
			b.WriteString("<!" + n + "> ")
		}
	}
	return b.String()
}
