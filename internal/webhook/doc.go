// Package webhook sends signed messages to addresses that an operator or a user
// has named.
//
// It speaks HTTP to public addresses alone, as a server must not be made to
// reach what only it can reach: the check is of the address that is dialled, so
// no name can resolve to another one in between. Networks that are meant to be
// reached are allowed by the operator. Redirects are not followed and no proxy
// is used. Messages are signed as "Standard Webhooks" 1.0 says, symmetrically:
//
//	webhook-id, webhook-timestamp
//	webhook-signature: v1,base64(HMAC-SHA256(secret, id "." timestamp "." body))
package webhook
