// Package checksum computes S3's additional checksums: CRC32, CRC32C,
// CRC64NVME, SHA-1 and SHA-256, the composite form of multipart objects, and
// the combination of part CRCs into the CRC of the whole without its bytes
// (S3 user guide, "Checking object integrity in Amazon S3"). It is pure.
package checksum
