package alarm

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/keyhaven/keyhaven"
	"github.com/keyhaven/keyhaven/internal/meta"
	"github.com/keyhaven/keyhaven/internal/webhook"
)

// LinkLasts is how long the link that verifies an address is good for.
const LinkLasts = 24 * time.Hour

// VerifyPath is where that link leads, below the address of the API.
const VerifyPath = "/-/contacts/verify"

// CreateContact makes the contact of a protocol, in place of the one that there
// is. An e-mail address is sent a link that verifies it. Errors: Invalid contact,
// with a Msg.
func (s *Service) CreateContact(ctx context.Context, c keyhaven.Contact) (op keyhaven.Operation, err error) {
	if err := s.checkContact(&c); err != nil {
		return op, err
	}
	c.ID, c.CreatedAt = newID(), time.Now().UTC()
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		if c.Protocol == keyhaven.ContactEmail {
			if err := s.invite(tx, &c); err != nil {
				return err
			}
		}
		if err := tx.PutContact(&c); err != nil {
			return err
		}
		op, err = record(tx, c.Account, c.Region, string(c.Protocol), "ContactMethod", "CreateContactMethod")
		return err
	})
	return op, err
}

func (s *Service) checkContact(c *keyhaven.Contact) error {
	switch c.Protocol {
	case keyhaven.ContactEmail:
		a, err := mail.ParseAddress(c.Endpoint)
		if err != nil || a.Address != c.Endpoint || len(c.Endpoint) > 256 || strings.ContainsAny(c.Endpoint, "\r\n") {
			return invalidContact("The contact endpoint is not an e-mail address.")
		}
		if !s.opts.Mail {
			return invalidContact("This server has no mail server to send through: see --smtp-server.")
		}
	case keyhaven.ContactWebhook:
		if webhook.ValidURL(c.Endpoint) != nil || len(c.Endpoint) > 256 {
			return invalidContact("The contact endpoint is not the address of a webhook.")
		}
		if !s.opts.Webhooks {
			return invalidContact("This server has no secret to sign what it sends to webhooks: see KEYHAVEN_WEBHOOK_SECRET.")
		}
		c.Verified = true
	case keyhaven.ContactSMS:
		return invalidContact("SMS text messaging is temporarily disabled and is not currently supported in any Region.")
	default:
		return invalidContact("The protocol must be Email, SMS or Webhook.")
	}
	return nil
}

func invalidContact(msg string) error {
	return &keyhaven.Error{Kind: keyhaven.Invalid, Noun: keyhaven.NounContact, Msg: msg}
}

func noContact(p keyhaven.ContactProtocol) error {
	return &keyhaven.Error{Kind: keyhaven.NotFound, Noun: keyhaven.NounContact, ID: string(p)}
}

// invite gives the contact a new link and queues the mail with it.
func (s *Service) invite(tx *meta.Txn, c *keyhaven.Contact) error {
	token := rand.Text()
	hash := sha256.Sum256([]byte(token))
	at := time.Now().UTC()
	c.Verified, c.TokenHash, c.Expires = false, hash[:], at.Add(LinkLasts)
	q := url.Values{"account": {string(c.Account)}, "region": {c.Region}, "token": {token}}
	return putMail(tx, c.Endpoint, at, "Subscription Confirmation",
		"This address was named as the contact for alarms of the account "+string(c.Account)+" in "+c.Region+".\n\n"+
			"To confirm the subscription, open this link within 24 hours:\n"+s.opts.URL+VerifyPath+"?"+q.Encode()+"\n\n"+
			"If you did not expect this mail, ignore it: nothing will be sent to you.\n")
}

// Invite sends the link of an e-mail contact again; the one before it is no good
// any more. Errors: NotFound contact; Invalid contact for one that is verified.
func (s *Service) Invite(ctx context.Context, account keyhaven.AccountID, region string) (op keyhaven.Operation, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		c, err := tx.Contact(account, region, keyhaven.ContactEmail)
		switch {
		case err != nil:
			return err
		case c == nil:
			return noContact(keyhaven.ContactEmail)
		case c.Verified:
			return invalidContact("The contact is verified already.")
		case !s.opts.Mail:
			return s.checkContact(c)
		}
		if err := s.invite(tx, c); err != nil {
			return err
		}
		if err := tx.PutContact(c); err != nil {
			return err
		}
		op, err = record(tx, account, region, string(c.Protocol), "ContactMethod", "SendContactMethodVerification")
		return err
	})
	return op, err
}

// Verify takes the token of a link, once. It reports whether it was good.
func (s *Service) Verify(ctx context.Context, account keyhaven.AccountID, region, token string) (ok bool, err error) {
	hash := sha256.Sum256([]byte(token))
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		ok = false
		c, err := tx.Contact(account, region, keyhaven.ContactEmail)
		if err != nil || c == nil || c.Verified || !time.Now().Before(c.Expires) || subtle.ConstantTimeCompare(hash[:], c.TokenHash) == 0 {
			return err
		}
		ok, c.Verified, c.TokenHash = true, true, nil
		return tx.PutContact(c)
	})
	return ok, err
}

// Contacts returns the contacts of a region, of the protocols or of all.
func (s *Service) Contacts(ctx context.Context, account keyhaven.AccountID, region string, protocols []keyhaven.ContactProtocol) (out []*keyhaven.Contact, err error) {
	if len(protocols) == 0 {
		protocols = []keyhaven.ContactProtocol{keyhaven.ContactEmail, keyhaven.ContactSMS, keyhaven.ContactWebhook}
	}
	err = s.meta.View(ctx, func(r *meta.Reader) error {
		out = nil
		for _, p := range protocols {
			c, err := r.Contact(account, region, p)
			if err != nil {
				return err
			}
			if c != nil {
				out = append(out, c)
			}
		}
		return nil
	})
	return out, err
}

// DeleteContact removes the contact of a protocol. Errors: NotFound contact.
func (s *Service) DeleteContact(ctx context.Context, account keyhaven.AccountID, region string, p keyhaven.ContactProtocol) (op keyhaven.Operation, err error) {
	err = s.meta.Update(ctx, func(tx *meta.Txn) error {
		c, err := tx.Contact(account, region, p)
		if err != nil {
			return err
		}
		if c == nil {
			return noContact(p)
		}
		if err := tx.DeleteContact(c); err != nil {
			return err
		}
		op, err = record(tx, account, region, string(p), "ContactMethod", "DeleteContactMethod")
		return err
	})
	return op, err
}
