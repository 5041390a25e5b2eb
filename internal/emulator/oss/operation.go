package oss

import (
	"net/http"
	"net/url"
)

// Operation names a request by the action of the public API, for door rules
// and counts: PutObject, UploadPart, ListParts, …
func Operation(r *http.Request) string {
	bucket, key, err := split(r)
	if err != nil {
		return "Unknown"
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "Unknown"
	}
	switch {
	case bucket == "":
		if r.Method == http.MethodGet {
			return "ListBuckets"
		}
	case key == "":
		return bucketOperation(r.Method, q)
	default:
		return objectOperation(r.Method, q)
	}
	return "Unknown"
}

func bucketOperation(method string, q url.Values) string {
	switch method {
	case http.MethodPut:
		if !anyOf(q, otherSubresources...) {
			return "PutBucket"
		}
	case http.MethodDelete:
		if !anyOf(q, otherSubresources...) {
			return "DeleteBucket"
		}
	case http.MethodGet:
		switch {
		case q.Has("bucketInfo"):
			return "GetBucketInfo"
		case q.Has("location"):
			return "GetBucketLocation"
		case q.Has("uploads"):
			return "ListMultipartUploads"
		case anyOf(q, otherSubresources...):
		case q.Get("list-type") == "2":
			return "ListObjectsV2"
		default:
			return "ListObjects"
		}
	}
	return "Unknown"
}

func objectOperation(method string, q url.Values) string {
	switch method {
	case http.MethodPut:
		switch {
		case q.Has("partNumber") && q.Has("uploadId"):
			return "UploadPart"
		case !anyOf(q, otherSubresources...):
			return "PutObject"
		}
	case http.MethodPost:
		switch {
		case q.Has("uploads"):
			return "InitiateMultipartUpload"
		case q.Has("uploadId"):
			return "CompleteMultipartUpload"
		}
	case http.MethodGet:
		switch {
		case q.Has("uploadId"):
			return "ListParts"
		case !anyOf(q, otherSubresources...):
			return "GetObject"
		}
	case http.MethodHead:
		if q.Has("objectMeta") {
			return "GetObjectMeta"
		}
		return "HeadObject"
	case http.MethodDelete:
		if q.Has("uploadId") {
			return "AbortMultipartUpload"
		}
		return "DeleteObject"
	}
	return "Unknown"
}

// otherSubresources are calls this emulator does not do; without this list a
// tagging document would be stored as the object.
var otherSubresources = []string{"acl", "cors", "lifecycle", "logging", "policy", "referer", "replication",
	"tagging", "versioning", "versions", "website", "encryption", "stat", "symlink", "append", "restore",
	"delete", "inventory", "worm", "requestPayment", "transferAcceleration", "accessmonitor", "resourceGroup"}

func anyOf(q url.Values, names ...string) bool {
	for _, n := range names {
		if q.Has(n) {
			return true
		}
	}
	return false
}

// dispatch checks what every call on a bucket needs and does the call.
func (c *call) dispatch(region string) *apiError {
	op := Operation(c.r)
	switch op {
	case "ListBuckets":
		return c.listBuckets()
	case "PutBucket":
		return c.putBucket(region)
	case "Unknown":
		return notImplemented()
	}
	b := c.server.store.Bucket(c.bucket)
	if b == nil {
		return noSuchBucket(c.bucket)
	}
	if b.Region != region {
		return accessDenied("The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.").
			with("Bucket", b.Name).with("Endpoint", b.Extranet)
	}
	if b.Owner != c.account.Owner {
		return accessDenied("The bucket you access does not belong to you.").with("BucketName", b.Name)
	}
	if len(c.key) > 1023 || len(c.key) > 0 && (c.key[0] == '/' || c.key[0] == '\\') {
		return &apiError{status: 400, code: "InvalidObjectName", message: "The specified object is not valid.", ec: "0016-00000005"}
	}
	switch op {
	case "GetBucketInfo":
		return c.bucketInfo(b)
	case "GetBucketLocation":
		return c.bucketLocation(b)
	case "DeleteBucket":
		return c.deleteBucket()
	case "ListObjects", "ListObjectsV2":
		return c.listObjects(op == "ListObjectsV2")
	case "ListMultipartUploads":
		return c.listUploads()
	case "PutObject":
		return c.putObject(b)
	case "GetObject", "HeadObject", "GetObjectMeta":
		return c.getObject()
	case "DeleteObject":
		return c.deleteObject()
	case "InitiateMultipartUpload":
		return c.initiate(b)
	case "UploadPart":
		return c.uploadPart()
	case "ListParts":
		return c.listParts()
	case "CompleteMultipartUpload":
		return c.completeUpload(b)
	case "AbortMultipartUpload":
		return c.abort()
	}
	return notImplemented()
}
