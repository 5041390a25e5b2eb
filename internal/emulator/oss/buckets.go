package oss

import (
	"encoding/xml"
	"io"
	"net/http"
	"regexp"
	"sort"
)

const isoTime = "2006-01-02T15:04:05.000Z"

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func validBucketName(name string) bool { return bucketName.MatchString(name) }

type ownerXML struct {
	ID          string
	DisplayName string
}

func (c *call) listBuckets() *apiError {
	type entry struct {
		Name, Location, Region, StorageClass, CreationDate, ExtranetEndpoint, IntranetEndpoint string
	}
	doc := struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Owner   ownerXML
		Buckets []entry `xml:"Buckets>Bucket"`
	}{Owner: ownerXML{c.account.Owner, c.account.Owner}}
	for _, b := range c.server.store.Buckets() {
		if b.Owner == c.account.Owner {
			doc.Buckets = append(doc.Buckets, entry{b.Name, "oss-" + b.Region, b.Region, b.StorageClass, b.Created.Format(isoTime), b.Extranet, b.Intranet})
		}
	}
	sort.Slice(doc.Buckets, func(i, j int) bool { return doc.Buckets[i].Name < doc.Buckets[j].Name })
	return writeXML(c.w, doc)
}

func (c *call) putBucket(region string) *apiError {
	if !validBucketName(c.bucket) {
		return &apiError{status: 400, code: "InvalidBucketName", message: "The specified bucket is not valid.", ec: "0015-00000001"}
	}
	var in struct {
		StorageClass string
	}
	body, err := io.ReadAll(io.LimitReader(c.r.Body, 64<<10))
	if err != nil {
		return badBody()
	}
	if len(body) > 0 && xml.Unmarshal(body, &in) != nil {
		return malformed()
	}
	if old := c.server.store.Bucket(c.bucket); old != nil {
		if old.Owner != c.account.Owner {
			return &apiError{status: 409, code: "BucketAlreadyExists", message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", ec: "0015-00000104"}
		}
		c.w.WriteHeader(http.StatusOK)
		return nil
	}
	b := c.server.complete(Bucket{Name: c.bucket, Region: region, StorageClass: in.StorageClass}, c.account.Owner)
	if err := c.server.SetBucket(b); err != nil {
		return internal(err)
	}
	c.w.Header().Set("Location", "/"+c.bucket)
	c.w.WriteHeader(http.StatusOK)
	return nil
}

func (c *call) deleteBucket() *apiError {
	if len(c.server.store.Objects(c.bucket)) > 0 || len(c.server.store.Uploads(c.bucket)) > 0 {
		return (&apiError{status: 409, code: "BucketNotEmpty", message: "The bucket you tried to delete is not empty.", ec: "0015-00000301"}).with("BucketName", c.bucket)
	}
	if err := c.server.DropBucket(c.bucket); err != nil {
		return internal(err)
	}
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *call) bucketInfo(b *Bucket) *apiError {
	type sse struct {
		SSEAlgorithm string
	}
	type info struct {
		AccessMonitor            string
		CreationDate             string
		CrossRegionReplication   string
		DataRedundancyType       string
		ExtranetEndpoint         string
		IntranetEndpoint         string
		Location                 string
		Name                     string
		StorageClass             string
		TransferAcceleration     string
		Owner                    ownerXML
		ACL                      string `xml:"AccessControlList>Grant"`
		ServerSideEncryptionRule sse
	}
	return writeXML(c.w, struct {
		XMLName xml.Name `xml:"BucketInfo"`
		Bucket  info
	}{Bucket: info{
		AccessMonitor: "Disabled", CreationDate: b.Created.Format(isoTime), CrossRegionReplication: "Disabled",
		DataRedundancyType: "LRS", ExtranetEndpoint: b.Extranet, IntranetEndpoint: b.Intranet,
		Location: "oss-" + b.Region, Name: b.Name, StorageClass: b.StorageClass, TransferAcceleration: "Disabled",
		Owner: ownerXML{b.Owner, b.Owner}, ACL: "private",
		ServerSideEncryptionRule: sse{or(b.Encryption, "None")},
	}})
}

func (c *call) bucketLocation(b *Bucket) *apiError {
	return writeXML(c.w, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Text    string   `xml:",chardata"`
	}{Text: "oss-" + b.Region})
}

func badBody() *apiError {
	return &apiError{status: 400, code: "RequestTimeout", message: "Your socket connection to the server was not read from or written to within the timeout period."}
}

func malformed() *apiError {
	return &apiError{status: 400, code: "MalformedXML", message: "The XML you provided was not well-formed or did not validate against our published schema.", ec: "0042-00000204"}
}
