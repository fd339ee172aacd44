// Package backup copies an installation to another place and back. It owns the
// form of a target (docs/backup.md) and the Target seam, whose engines are
// dirtarget and s3target; internal/backup/targettest is the seam's contract.
//
// # Promises
//
// A1. A backup is the state of one moment: one snapshot of the metadata, and
// every byte that it refers to. Requests go on meanwhile, and nothing is freed
// until the bytes are copied (blob.Pins.Hold).
//
// A2. A backup exists once its manifest is durable, and that is written last.
// One that fails or is cut off changes no other backup and leaves only files
// that the next one uses or Prune deletes.
//
// A3. What a target holds already is not copied again: blobs and the bytes of
// small objects never change and have names that are given out once.
//
// A4. Every file carries checksums, bound to its name. Restore and Verify end
// with an error at the first byte that is not as it was written; what Restore
// has written by then is for the caller to throw away.
//
// A5. Memory does not grow with the number of objects: lists are walked side by
// side in the order of their ids.
//
// Secrets are backed up as they are in the store, sealed. It never writes the
// key ring to a target but when it is told to.
//
// # Files of a target
//
//	keyhaven-backup.json        whose backups these are
//	backups/<id>.json           manifest of one backup
//	meta/<id>                   all records but the bytes of small objects
//	index/<id>-data             which segment holds the bytes of which small object
//	index/<id>-blobs            the blobs that the backup needs, and their sizes
//	data/<random>               segment: bytes of small objects
//	blobs/<12>/<2>/<18>         one blob, under the digits of its ref
//	partial.json, index/partial-<random>
//	                            what a backup that was cut off has in segments
//	keyring.json                the key ring, on request only
package backup
