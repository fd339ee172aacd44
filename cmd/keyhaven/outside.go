package main

import (
	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/console"
	"github.com/keyhaven/keyhaven/internal/mail"
	"github.com/keyhaven/keyhaven/internal/sse"
)

// outside is what the house needs to know of the world.
type outside struct {
	endpoint string
	origins  *origins
	hooks    *webhooks
	keys     *sse.LocalKeys // that aws:kms can name
	bundles  keyhaven.Catalog
	ins      *instruments
	mails    *mail.Sender          // nil for none
	sso      *console.SingleSignOn // nil for none
}

// outside reads the settings that are about the world. The instruments are last,
// as they are to be closed.
func (c *serveCmd) outside(sys *system, d *dataDir, endpoint string) (out outside, err error) {
	out.endpoint = endpoint
	for _, read := range []func() error{
		func() (err error) { out.origins, err = newOrigins(c.ConsoleOrigin); return },
		func() (err error) { out.mails, err = c.mails(sys.getenv); return },
		func() (err error) { out.sso, err = c.singleSignOn(sys.getenv); return },
		func() (err error) { out.bundles, err = c.catalog(); return },
		func() (err error) { out.hooks, err = c.webhooks(sys.getenv); return },
		func() (err error) { out.keys, err = c.localKeys(); return },
		func() (err error) { out.ins, err = newInstruments(sys, d); return },
	} {
		if err := read(); err != nil {
			return out, err
		}
	}
	return out, nil
}
