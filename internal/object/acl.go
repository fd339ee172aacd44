package object

import "github.com/keyhaven/keyhaven"

// ACLCheck asks that an object's own access control list gives the caller a
// permission. Nil asks nothing.
type ACLCheck struct {
	Caller     keyhaven.ACLCaller
	Permission keyhaven.Permission
}

func (c *ACLCheck) check(o *keyhaven.Object) error {
	if c == nil || keyhaven.Allows(o.AccessList(""), c.Permission, c.Caller) {
		return nil
	}
	return &keyhaven.Error{Kind: keyhaven.Denied, Noun: keyhaven.NounObject, ID: o.Key}
}
