// Package meta is the store: the only package that knows the keys of the kv
// seam and the encodings of the records under them. It turns absence into
// domain errors and keeps the counters; rules belong to the services, which
// call it inside View and Update.
//
// # The key space
//
// The first byte is the kind. Ids have a fixed width; text that is followed by
// something is escaped (0x00 → 0x00 0xff, end → 0x00 0x01), text that comes
// last is raw. Both keep byte order.
//
//	s <name>                               system records: installation, root of configuration
//	a <account:12>                         account
//	k <access key id>                      access key, secret sealed
//	K <owner> <access key id>              index: the keys of an owner ('r' account | 'b' bucket id)
//	u <access key id>                      last used
//	b <name>                               bucket
//	B <account:12> <name>                  index: the buckets of an account
//	C <bucket:16> <what:1>                 configuration document of a bucket
//	t <id:16> <what:1>                     counter of a bucket or an upload
//	t <account:12> 'L'                     counter of buckets made through Lightsail
//	o <bucket:16> <object key>             the current version, never a delete marker
//	v <bucket:16> <esc key> <^seq:8>       every other version and all delete markers, newest first
//	n <bucket:16> <esc key>                where among v the null version is
//	d <data:16>                            bytes of a small object or part
//	f <manifest:16>                        the parts of a multipart object
//	r <target:16> <owner:16>               reference: who needs a blob or a manifest
//	m <bucket:16> <esc key> <upload:16>    multipart upload
//	p <upload:16> <number:2>               part
//	c <upload:16>                          completed upload, so that a repeated Complete is answered
//	e <due time:8> <type:1> <id…>          what falls due when
//	x <id:16>                              outbox: work that sweep does
//	g <operation:16>                       Lightsail operation
//	G <account:12> <esc region> <id:16>    index: operations by time
//	h <account:12> <esc region> <esc resource> <id:16>  index: operations of a resource
//	i <account:12> <kind:1> <name>         record of IAM: user, group, role, policy, …
//	I <what:1> …                           index of IAM: by unique id, by policy, by group, by role; aliases
//	y 'a' <account:12> <esc region> <name>  alarm; with 'c' and a protocol, contact
//	q <bucket:16> <what:1> …               measured points of a bucket (1 five minutes, 2 hours once those are old: <esc access key> <block:4>), accounts of a month (0: <month:4>)
//	w 'e' <esc webhook> <id:16>            report of a change that is not sent yet
//	l <id:16>                              lines of an access log that are not delivered yet
//
// # Invariants
//
// M1. A record never names a blob that was not committed before.
//
// M2. Each blob and each manifest has one r key for everybody who needs it, put
// and deleted in the transaction that begins or ends the need. The transaction
// that deletes the last one puts the outbox entry that frees it.
//
// M3. Counters change in the transaction that changes what they count.
//
// M4. The bytes under d belong to exactly one version or part, and go with it.
//
// M5. Every record begins with the version of its encoding; fields that a
// reader does not know are skipped.
package meta
