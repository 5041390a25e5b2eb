package oss

import (
	"net/http"
	"slices"
	"strings"

	"github.com/bakplane/bakplane/internal/emulator/shelf"
)

var (
	classes   = []string{"Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive"}
	ciphers   = []string{"AES256", "KMS", "SM4"}
	forClient = []string{"cache-control", "content-disposition", "content-encoding", "expires"}
)

// keeps reads them. What is unknown is refused; the codes are our choice where
// the public pages name none.
func (c *call) keeps(b *Bucket) (shelf.Kept, *apiError) {
	h := c.r.Header
	k := shelf.Kept{Class: or(h.Get("x-oss-storage-class"), or(b.StorageClass, "Standard")), Encryption: or(h.Get("x-oss-server-side-encryption"), b.Encryption)}
	switch {
	case !slices.Contains(classes, k.Class):
		return k, invalidArgument("The storage class you specified is not valid.").with("ArgumentName", "x-oss-storage-class").with("ArgumentValue", k.Class)
	case k.Encryption != "" && !slices.Contains(ciphers, k.Encryption):
		return k, &apiError{status: 400, code: "InvalidEncryptionAlgorithmError", message: "The Encryption Algorithm you specified is not valid.", ec: "0016-00000501"}
	}
	size := 0
	for name := range h {
		low := strings.ToLower(name)
		if strings.HasPrefix(low, "x-oss-meta-") || slices.Contains(forClient, low) {
			if k.Headers == nil {
				k.Headers = map[string]string{}
			}
			k.Headers[low] = h.Get(name)
			size += len(low) + len(h.Get(name))
		}
	}
	if size > 8<<10 {
		return k, &apiError{status: 400, code: "MetadataTooLarge", message: "Your metadata headers exceed the maximum allowed metadata size.", ec: "0017-00000201"}
	}
	return k, nil
}

// tell puts them on an answer.
func tell(k shelf.Kept, h http.Header) {
	h.Set("x-oss-storage-class", k.Class)
	if k.Encryption != "" {
		h.Set("x-oss-server-side-encryption", k.Encryption)
	}
	for name, value := range k.Headers {
		h.Set(name, value)
	}
}
