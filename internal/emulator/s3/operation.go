package s3

import (
	"net/http"
	"net/url"
	"slices"
)

// operation names a request for door rules and counts.
func (s *Server) operation(r *http.Request) string {
	c, err := s.understand(r)
	if err != nil {
		return "Unknown"
	}
	return c.op
}

// operationOf names a request by the action of the API: PutObject, UploadPart,
// ListParts, …
func operationOf(method, bucket, key string, q url.Values) string {
	if slices.ContainsFunc(others, q.Has) {
		return "Unknown"
	}
	switch {
	case bucket == "":
		if method == http.MethodGet {
			return "ListBuckets"
		}
	case key == "":
		switch {
		case method == http.MethodHead:
			return "HeadBucket"
		case method != http.MethodGet:
		case q.Has("location"):
			return "GetBucketLocation"
		case q.Has("encryption"):
			return "GetBucketEncryption"
		case q.Has("object-lock"):
			return "GetObjectLockConfiguration"
		case q.Has("policy"):
			return "GetBucketPolicy"
		case q.Has("lifecycle"):
			return "GetBucketLifecycleConfiguration"
		case q.Has("uploads"):
			return "ListMultipartUploads"
		case q.Get("list-type") == "2":
			return "ListObjectsV2"
		}
	default:
		return objectOperation(method, q)
	}
	return "Unknown"
}

func objectOperation(method string, q url.Values) string {
	switch method {
	case http.MethodPut:
		if q.Has("partNumber") && q.Has("uploadId") {
			return "UploadPart"
		}
		return "PutObject"
	case http.MethodPost:
		switch {
		case q.Has("uploads"):
			return "CreateMultipartUpload"
		case q.Has("uploadId"):
			return "CompleteMultipartUpload"
		}
	case http.MethodGet:
		if q.Has("uploadId") {
			return "ListParts"
		}
		return "GetObject"
	case http.MethodHead:
		return "HeadObject"
	case http.MethodDelete:
		if q.Has("uploadId") {
			return "AbortMultipartUpload"
		}
		return "DeleteObject"
	}
	return "Unknown"
}

// others are calls this emulator does not do; without this list a tagging
// document would be stored as the object.
var others = []string{"acl", "cors", "logging", "policyStatus", "replication", "tagging", "versioning", "versions", "versionId", "website",
	"restore", "delete", "inventory", "requestPayment", "accelerate", "analytics", "metrics", "notification", "ownershipControls", "publicAccessBlock", "legal-hold", "retention", "select", "torrent", "attributes"}

// actions are the rights that operations need (S3 user guide, "Required
// permissions for Amazon S3 API operations").
var actions = map[string]string{
	"ListBuckets": "s3:ListAllMyBuckets", "HeadBucket": "s3:ListBucket", "GetBucketLocation": "s3:GetBucketLocation", "GetBucketEncryption": "s3:GetEncryptionConfiguration",
	"GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration", "GetBucketPolicy": "s3:GetBucketPolicy", "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration", "ListObjectsV2": "s3:ListBucket", "ListMultipartUploads": "s3:ListBucketMultipartUploads",
	"PutObject": "s3:PutObject", "GetObject": "s3:GetObject", "HeadObject": "s3:GetObject", "DeleteObject": "s3:DeleteObject",
	"CreateMultipartUpload": "s3:PutObject", "UploadPart": "s3:PutObject", "CompleteMultipartUpload": "s3:PutObject",
	"ListParts": "s3:ListMultipartUploadParts", "AbortMultipartUpload": "s3:AbortMultipartUpload",
}

// dispatch checks what every call on a bucket needs and does the call.
func (c *call) dispatch(region string) *apiError {
	switch c.op {
	case "ListBuckets":
		if fail := c.allowed(nil); fail != nil {
			return fail
		}
		return c.listBuckets()
	case "Unknown":
		return notImplemented()
	}
	b := c.server.store.Bucket(c.bucket)
	if b == nil {
		return noSuchBucket(c.bucket)
	}
	c.w.Header().Set("x-amz-bucket-region", b.Region)
	if b.Region != region {
		e := refusal(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
			field{"Endpoint", b.Name + ".s3." + b.Region + ".amazonaws.com"}, field{"Bucket", b.Name})
		e.region = b.Region
		return e
	}
	if fail := c.allowed(b); fail != nil {
		return fail
	}
	if len(c.key) > 1024 {
		return refusal(400, "KeyTooLongError", "Your key is too long", field{"Size", "1025"}, field{"MaxSizeAllowed", "1024"})
	}
	return c.act(b)
}

func (c *call) act(b *Bucket) *apiError {
	switch c.op {
	case "HeadBucket":
		c.w.WriteHeader(http.StatusOK)
		return nil
	case "GetBucketLocation":
		return c.location(b)
	case "GetBucketEncryption":
		return c.encryption(b)
	case "GetObjectLockConfiguration":
		return c.objectLock(b)
	case "GetBucketPolicy":
		return c.policy(b)
	case "GetBucketLifecycleConfiguration":
		return c.lifecycle(b)
	case "ListObjectsV2":
		return c.listObjects()
	case "ListMultipartUploads":
		return c.listUploads()
	case "PutObject":
		return c.putObject(b)
	case "GetObject", "HeadObject":
		return c.getObject()
	case "DeleteObject":
		return c.deleteObject()
	case "CreateMultipartUpload":
		return c.create(b)
	case "UploadPart":
		return c.uploadPart(b)
	case "ListParts":
		return c.listParts()
	case "CompleteMultipartUpload":
		return c.complete()
	case "AbortMultipartUpload":
		return c.abort()
	}
	return notImplemented()
}

// allowed holds the call to the account's policy, the bucket's owner and the
// bucket's policy. The words are those of the public page "Troubleshoot access
// denied error messages"; across accounts the service tells nothing.
func (c *call) allowed(b *Bucket) *apiError {
	action := actions[c.op]
	if b != nil && (b.Owner != c.account.Owner || c.r.Header.Get("x-amz-expected-bucket-owner") != "" && c.r.Header.Get("x-amz-expected-bucket-owner") != b.Owner) {
		return refusal(403, "AccessDenied", "Access Denied")
	}
	resource := "*"
	if b != nil {
		resource = "arn:aws:s3:::" + b.Name
		if c.key != "" {
			resource += "/" + c.key
		}
	}
	who := "User: arn:aws:iam::" + c.account.Owner + ":user/" + or(c.account.User, "dashboard") + " is not authorized to perform: " + action + " on resource: \"" + resource + "\" "
	if b != nil && slices.Contains(b.Deny, action) {
		return refusal(403, "AccessDenied", who+"with an explicit deny in a resource-based policy")
	}
	if c.account.Allow != nil && !slices.Contains(c.account.Allow, action) {
		return refusal(403, "AccessDenied", who+"because no identity-based policy allows the "+action+" action")
	}
	return nil
}
