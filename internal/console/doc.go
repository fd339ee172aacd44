// Package console is the door of the web console: it serves the pages, signs
// people in and out, and hands their pages temporary credentials. It has no
// verbs of its own: a page does everything else by the public API, signed with
// those credentials.
//
// Promises:
//
// C1. The cookie of a session is not readable by scripts, is sent by no other
// site, and holds nothing that is kept anywhere. Credentials are in answers only,
// which no cache keeps.
//
// C2. A request that changes something comes from a page of this origin.
//
// C3. Guessing is slow: after Attempts failures within Window, a client address
// is refused for the rest of it, and so is a name from anywhere.
//
// C4. A page runs the scripts of this origin alone, loads nothing from anywhere
// but this server, and is shown in no frame.
//
// C5. Who comes back from an identity provider is signed in only in the browser
// that went there, and as a role whose trust policy admits them.
package console
