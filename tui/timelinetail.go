package tui

import (
	"context"
	"path/filepath"

	tea "github.com/charmbracelet/bubbletea"

	"firebreak/response"
)

// tail counts what came behind the end since it was last in sight.
type tail struct {
	base  int64 // events that matched then
	known bool
	come  int64
}

func (f *tail) counted(n int64, atEnd bool) {
	if !f.known || atEnd || n < f.base {
		f.base, f.known, f.come = n, true, 0
		return
	}
	f.come = n - f.base
}

// atLast says whether the cursor is on the last row of all: then it goes along
// with what comes.
func (t *timelineScreen) atLast() bool {
	return t.win.loaded && t.win.atEnd && t.win.at >= len(t.win.rows)-1
}

// followFile asks for a file and takes it as it grows, until the person stops
// it or leaves.
func (t *timelineScreen) followFile() tea.Cmd {
	id := t.id
	return t.typed(&prompt{
		title: "Follow a file", draft: "follow",
		text: "Its path. What it holds, and then what is appended, is sealed piece by piece as evidence and read into the timeline, until ctrl+c. Started again it goes on where it ended.",
		submit: func(path string, _ bool) tea.Cmd {
			var pieces, events int64
			return t.start(errand{
				key: "follow:" + path, title: "follow " + path, long: true,
				do: func(ctx context.Context, tell response.ProgressFunc) (string, error) {
					err := t.desk.Follow(ctx, id, path, response.FollowOptions{}, func(f response.Followed) {
						if f.State == response.FollowPiece {
							pieces++
							events += f.Events
						}
						tell(response.Progress{What: followWord(f, events)})
					})
					return "followed " + filepath.Base(path) + ": " + plural(pieces, "piece") + ", " + plural(events, "event"), err
				},
				then: func() tea.Cmd { t.draft("follow", ""); return nil },
			})
		},
	})
}

// followWord says what has just happened to a file that is followed.
func followWord(f response.Followed, events int64) string {
	switch f.State {
	case response.FollowGone:
		return "no file has that name now"
	case response.FollowRotated:
		return "it was rotated"
	case response.FollowTruncated:
		return "it was truncated"
	case response.FollowStarted, response.FollowResumed, response.FollowPiece, response.FollowEnded:
	}
	return plural(events, "event")
}
