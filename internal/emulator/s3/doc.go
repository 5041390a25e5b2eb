// Package s3 emulates Amazon S3 on loopback, as far as backup files need it,
// written from the S3 API reference and user guide.
//
// It does: ListBuckets, HeadBucket, GetBucketLocation, GetBucketEncryption,
// GetObjectLockConfiguration, GetBucketPolicy, GetBucketLifecycleConfiguration
// (shown, not carried out); PutObject, GetObject with one range, HeadObject,
// DeleteObject, ListObjectsV2; the multipart calls Create, UploadPart,
// ListParts, Complete, Abort and ListMultipartUploads. Requests must carry a
// signature V4 in the Authorization header; it is recomputed here from the
// wire, without the SDK. The payload is a SHA-256 that is checked,
// UNSIGNED-PAYLOAD, signed chunks, or unsigned ones with a checksum in the trailer.
// Checksums CRC32, CRC32C, CRC64NVME and SHA256 are checked and kept; an object
// sent without one gets CRC64NVME. Multipart uploads of CRC64NVME and CRC32C
// have one checksum over the whole object. ETags are MD5s, but in a bucket that
// encrypts with KMS. Refusals are the XML documents that the service sends.
//
// Buckets are named in the path, in the host name before .localhost or
// .127.0.0.1, or by an access point there (name-account). Each Server holds the
// buckets of several regions; Endpoint gives the handler of one region, which
// redirects for the buckets of the others as the service does. An account has
// the rights of its policy (Account.Allow), a bucket may deny some outright
// (Bucket.Deny), and x-amz-expected-bucket-owner is held to.
//
// Bodies, index and journal are those of internal/emulator/shelf: a Server
// opened on a folder again has the same buckets, objects and uploads.
//
// It does not do: ACLs, versions (a bucket with a lock takes objects with a
// checksum only, and that is all that shows), copy, append, tagging, lifecycle,
// restore, presigned addresses, signed chunks with a trailer, sigv4a, composite checksums of
// SHA256 uploads.
//
// Words for door rules (Rule.Effects): corrupt_crc (the checksum answered is
// off by one), omit_crc (none is answered), corrupt_data (the first byte of
// the body is stored flipped, after its checksum was taken), clock_skew
// (seconds that the service's clock is ahead for this request), expired (the
// credentials are refused as expired), no_trailers (501, as stores do that do
// not know them). The control door also has POST /buckets (a Bucket, made or
// changed), DELETE /buckets/{name} (with everything in it) and POST /clock
// ({"skew_seconds": n}).
package s3
