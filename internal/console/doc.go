// Package console is the door of the web console. Until the console comes it
// answers with a plain page that says where the API is.
package console
