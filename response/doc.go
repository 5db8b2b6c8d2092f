// Package response is the one door to an incident: a Service holds the
// workspace, a Session is one person at it, and everything the command line,
// the screens and a remote terminal can do is a method of Session.
//
// It performs what the pure packages decide: it records an intent before it
// acts and the outcome after, so that whatever is interrupted ends as
// "unknown: look first". It prints nothing and asks nobody; callers do.
package response
