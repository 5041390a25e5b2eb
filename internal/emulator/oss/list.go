package oss

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"
)

type contentXML struct {
	Key          string
	LastModified string
	ETag         string
	Type         string
	Size         int64
	StorageClass string
	Owner        *ownerXML `xml:",omitempty"`
}

type prefixXML struct{ Prefix string }

// listObjects is ListObjects (marker) and ListObjectsV2 (start-after and
// continuation-token).
func (c *call) listObjects(v2 bool) *apiError {
	prefix, delimiter := c.query.Get("prefix"), c.query.Get("delimiter")
	limit, fail := c.bound("max-keys", 100, 1000)
	if fail != nil {
		return fail
	}
	enc, fail := c.encoding()
	if fail != nil {
		return fail
	}
	after := c.query.Get("marker")
	if v2 {
		after = c.query.Get("start-after")
		if t := c.query.Get("continuation-token"); t != "" {
			raw, err := base64.RawURLEncoding.DecodeString(t)
			if err != nil {
				return invalidArgument("The continuation token provided is incorrect.")
			}
			after = string(raw)
		}
	}
	var contents []contentXML
	var prefixes []prefixXML
	last, more, seen := "", false, ""
	for _, o := range c.server.store.Objects(c.bucket) {
		if !strings.HasPrefix(o.Key, prefix) || o.Key <= after {
			continue
		}
		group := ""
		if delimiter != "" {
			if i := strings.Index(o.Key[len(prefix):], delimiter); i >= 0 {
				group = o.Key[:len(prefix)+i+len(delimiter)]
			}
		}
		if group != "" && (group == seen || group == after || strings.HasPrefix(after, group)) {
			continue
		}
		if len(contents)+len(prefixes) == limit {
			more = true
			break
		}
		if group != "" {
			prefixes = append(prefixes, prefixXML{enc(group)})
			seen, last = group, group
			continue
		}
		entry := contentXML{Key: enc(o.Key), LastModified: o.Modified.Format(isoTime), ETag: quote(o.ETag), Type: o.Type, Size: o.Size, StorageClass: o.Class}
		if !v2 || c.query.Get("fetch-owner") == "true" {
			entry.Owner = &ownerXML{c.account.Owner, c.account.Owner}
		}
		contents = append(contents, entry)
		last = o.Key
	}
	doc := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name                  string
		Prefix                string
		Marker                *string `xml:",omitempty"`
		StartAfter            string  `xml:",omitempty"`
		MaxKeys               int
		Delimiter             string
		EncodingType          string `xml:",omitempty"`
		IsTruncated           bool
		NextMarker            string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		KeyCount              *int   `xml:",omitempty"`
		Contents              []contentXML
		CommonPrefixes        []prefixXML
	}{
		Name: c.bucket, Prefix: enc(prefix), MaxKeys: limit, Delimiter: enc(delimiter),
		EncodingType: c.query.Get("encoding-type"), IsTruncated: more, Contents: contents, CommonPrefixes: prefixes,
	}
	if v2 {
		n := len(contents) + len(prefixes)
		doc.KeyCount, doc.StartAfter = &n, enc(c.query.Get("start-after"))
		if more {
			doc.NextContinuationToken = base64.RawURLEncoding.EncodeToString([]byte(last))
		}
	} else {
		m := enc(after)
		doc.Marker = &m
		if more {
			doc.NextMarker = enc(last)
		}
	}
	return writeXML(c.w, doc)
}

// bound reads a count that the service limits.
func (c *call) bound(name string, otherwise, most int) (int, *apiError) {
	text := c.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalidArgument("Argument "+name+" must be an integer between 1 and "+strconv.Itoa(most)+".").
			with("ArgumentName", name).with("ArgumentValue", text)
	}
	return n, nil
}

// encoding returns how keys are written into the answer.
func (c *call) encoding() (func(string) string, *apiError) {
	switch c.query.Get("encoding-type") {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return url.QueryEscape, nil
	}
	return nil, invalidArgument("Invalid Encoding Method specified in Request.")
}

func quote(etag string) string { return `"` + etag + `"` }
