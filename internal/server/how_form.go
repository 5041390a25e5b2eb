package server

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bakplane/bakplane/internal/policy"
	"github.com/bakplane/bakplane/web/templates/kit"
)

// howNumbers are the numbers of policy.How beside its stripes, as forms name them.
var howNumbers = []struct {
	name, label, hint string
	of                func(*policy.How) *int
}{
	{policy.FieldBlockSize, "Block size", "Bytes, a power of two from 512 to 65536. Empty: as the engine sees fit.", func(h *policy.How) *int { return &h.BlockSize }},
	{policy.FieldTransfer, "Largest transfer", "Bytes, a multiple of 65536 up to 4194304.", func(h *policy.How) *int { return &h.Transfer }},
	{policy.FieldBuffers, "Buffers", "Their number; each is as large as a transfer.", func(h *policy.How) *int { return &h.Buffers }},
}

// HowFields are the fields of a form for what few backups need: sizes and buffers
// and, where a service writes into a bucket, how it does.
func HowFields(v url.Values, wrong map[string]string) (out []kit.Field) {
	for _, n := range howNumbers {
		out = append(out, kit.Field{Name: n.name, Label: n.label, Type: "number", Hint: n.hint, Value: v.Get(n.name), Error: wrong[n.name], Optional: true})
	}
	return append(out,
		kit.Field{Name: policy.FieldKey, Label: "KMS key", Mono: true, Optional: true, Autocomplete: "off", Value: v.Get(policy.FieldKey), Error: wrong[policy.FieldKey], Placeholder: "arn:aws:kms:eu-central-1:111122223333:key/…",
			Hint: "At instances of a cloud: files are encrypted under it before they are written. Nobody else reads them, neither this dashboard nor a server of your own."},
		kit.Field{Name: "writes", Label: "In the bucket, they are", Type: "checks", Optional: true, Values: v["writes"], Options: []kit.Option{
			{Value: "asbucket", Label: "encrypted as the bucket says", Hint: "the way to SSE-KMS, at instances of a cloud"},
			{Value: "overwrite", Label: "written over what has their name", Hint: "else what lies there is left alone, and the backup fails"}}})
}

// HowOf reads HowFields into h. What is no number is told by field.
func HowOf(v url.Values, h *policy.How, wrong func(field, message string)) {
	for _, n := range howNumbers {
		text := strings.TrimSpace(v.Get(n.name))
		if text == "" {
			continue
		}
		k, err := strconv.Atoi(text)
		if err != nil {
			wrong(n.name, strconv.Quote(text)+" is not a whole number.")
			continue
		}
		*n.of(h) = k
	}
	h.Key = strings.TrimSpace(v.Get(policy.FieldKey))
	h.AsBucket, h.Overwrite = slices.Contains(v["writes"], "asbucket"), slices.Contains(v["writes"], "overwrite")
}

// HowValues are HowFields as a form would send them.
func HowValues(h policy.How, v url.Values) {
	for _, n := range howNumbers {
		if k := *n.of(&h); k != 0 {
			v.Set(n.name, strconv.Itoa(k))
		}
	}
	if h.Key != "" {
		v.Set(policy.FieldKey, h.Key)
	}
	for name, on := range map[string]bool{"asbucket": h.AsBucket, "overwrite": h.Overwrite} {
		if on {
			v.Add("writes", name)
		}
	}
	slices.Sort(v["writes"])
}
