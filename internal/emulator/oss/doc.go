// Package oss emulates Alibaba Cloud Object Storage Service on loopback, as
// far as backup files need it, written from the public OSS API reference.
//
// It does: PutBucket, DeleteBucket, ListBuckets, GetBucketInfo,
// GetBucketLocation; PutObject, GetObject with one range, HeadObject,
// GetObjectMeta, DeleteObject, ListObjects and ListObjectsV2; the multipart
// calls Initiate, UploadPart, ListParts, Complete, Abort and
// ListMultipartUploads. Requests must carry a V1 or V4 signature in the
// Authorization header or in the query; it is recomputed here from the wire,
// without the SDK. Answers carry x-oss-request-id, MD5 ETags and
// x-oss-hash-crc64ecma; refusals are the XML documents the service sends.
//
// Each Server holds the buckets of several regions; Endpoint gives the handler
// of one region, which refuses the buckets of the others as the service does.
//
// Object bodies are streamed to and from files in one folder and never held
// in memory; a completed upload keeps its parts as they are, so completion
// copies nothing. The index is a journal in the same folder: a Server opened
// on it again has the same buckets, objects and unfinished uploads. Nothing is
// synced to disk, so it outlives the process but not the machine.
//
// It does not do: bucket names in the host name, ACLs and policies (an account
// reaches the buckets it owns and no others), versioning, copy, append,
// restore, conditional headers, callbacks, V2 signatures, lifecycle, TLS.
//
// Words for door rules (Rule.Effects): corrupt_crc (the CRC64 answered is off
// by one), omit_crc (no CRC64 is answered), corrupt_data (the first byte of
// the body is stored flipped), clock_skew (seconds that the service's clock is
// ahead for this request). The control door also has POST /buckets (a Bucket,
// made or changed), DELETE /buckets/{name} (with everything in it) and POST
// /clock ({"skew_seconds": n}).
package oss
