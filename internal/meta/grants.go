package meta

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/keyhaven/keyhaven"
)

// grants appends the grants of an access control list.
func (e *encoder) grants(n protowire.Number, grants []keyhaven.Grant) {
	for _, g := range grants {
		var f encoder
		f.string(1, g.CanonicalID)
		f.string(2, g.Group)
		f.uint(3, uint64(g.Permission))
		e.group(n, f)
	}
}

func addGrant(grants *[]keyhaven.Grant, f field) error {
	var g keyhaven.Grant
	err := decodeFields("grant", f.bytes, func(n protowire.Number, f field) error {
		switch n {
		case 1:
			g.CanonicalID = f.str()
		case 2:
			g.Group = f.str()
		case 3:
			g.Permission = keyhaven.Permission(f.num)
		}
		return nil
	})
	*grants = append(*grants, g)
	return err
}
