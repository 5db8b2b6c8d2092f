package integrations

// Tested says against what an action's own tests speak. It is no word on how
// good the action is, only on who checked it.
type Tested string

// The grades, best first.
const (
	RealPeer    Tested = "peer"        // A: the real program or server
	Emulated    Tested = "emulator"    // B: the vendor's description, and an emulator that others wrote
	Described   Tested = "description" // C: the vendor's own description of the interface
	Unconfirmed Tested = "none"        // D: nothing but our own reading
)

// Grade is the letter that lists show.
func (t Tested) Grade() string {
	switch t {
	case RealPeer:
		return "A"
	case Emulated:
		return "B"
	case Described:
		return "C"
	case Unconfirmed:
	}
	return "D"
}
