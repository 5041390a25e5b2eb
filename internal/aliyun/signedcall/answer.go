package signedcall

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Decode reads an answer into a response of the vendor's. Its types alone are
// too strict for encoding/json: the service writes scalars now as text, now as
// numbers, and the reference's own samples differ from its type column
// (BackupId, PageNumber, StorageClass, CopyOnlyBackup as numbers, Encryption as
// an object). The vendor's client converts too, but refuses an object where a
// text stands and cuts 1.5 to 1. Here
//
//   - a text takes anything, as it was written;
//   - a number takes a text and a truth value, and refuses what is no whole
//     number or too large for its field;
//   - a truth value is true for what Yes reads so;
//   - null and the empty text leave a field unset.
//
// Structs that are missing are made empty, so that a list within one is an
// empty list and nobody has to look whether it is there.
func Decode(answer []byte, into any) error {
	if !json.Valid(answer) {
		return errors.New("the answer is not JSON")
	}
	if _, ok := into.(Plain); ok && json.Unmarshal(answer, into) == nil {
		return nil
	}
	return put(reflect.ValueOf(into).Elem(), answer)
}

// Plain is an answer whose scalars are Texts and Numbers, which read either
// spelling by themselves: it is decoded in one pass, and as all others only where
// that does not succeed. Long lists are worth it.
type Plain interface{ Plain() }

func put(v reflect.Value, raw json.RawMessage) error {
	var text Text
	if len(raw) > 0 {
		if err := text.UnmarshalJSON(raw); err != nil {
			return err
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		if text == "" && v.Type().Elem().Kind() != reflect.Struct {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
		return put(v.Elem(), raw)
	case reflect.Struct:
		var fields map[string]json.RawMessage
		if text != "" {
			if err := json.Unmarshal(raw, &fields); err != nil {
				return err
			}
		}
		for name, index := range Tagged(v.Type()) {
			if err := put(v.FieldByIndex(index), fields[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	if text == "" {
		return nil
	}
	switch v.Kind() {
	case reflect.Slice:
		var rows []json.RawMessage
		if err := json.Unmarshal(raw, &rows); err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(rows), len(rows)))
		for i, row := range rows {
			if err := put(v.Index(i), row); err != nil {
				return err
			}
		}
		return nil
	case reflect.String:
		v.SetString(string(text))
		return nil
	case reflect.Bool:
		v.SetBool(Yes(text))
		return nil
	case reflect.Int32, reflect.Int64, reflect.Int:
		return number(v, text)
	case reflect.Float64:
		f, err := strconv.ParseFloat(string(text), 64)
		v.SetFloat(f)
		return err
	}
	return json.Unmarshal(raw, v.Addr().Interface())
}

// number reads a whole number that fits its field.
func number(v reflect.Value, text Text) error {
	switch text {
	case "true":
		text = "1"
	case "false":
		text = "0"
	}
	var n Number
	if err := n.UnmarshalJSON([]byte(text)); err != nil {
		return err
	}
	if v.OverflowInt(int64(n)) {
		return fmt.Errorf("%d is too large", n)
	}
	v.SetInt(int64(n))
	return nil
}

// Yes reads the ways in which a service says that something is on.
func Yes(t Text) bool {
	switch strings.ToLower(string(t)) {
	case "1", "true", "enable", "enabled", "on":
		return true
	}
	return false
}

// Tagged finds the fields of a struct by their JSON names, or their own where
// they have no tag; those of structs embedded in it count as its own unless it
// has a field of that name itself.
// What is found of a type is kept: it must not be changed.
func Tagged(t reflect.Type) map[string][]int {
	if found, ok := fieldsOf.Load(t); ok {
		return found.(map[string][]int)
	}
	out := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		if f.IsExported() && !f.Anonymous && name != "-" {
			out[name] = f.Index
		}
	}
	fieldsOf.Store(t, out)
	return out
}

// fieldsOf is what Tagged found; there are as many as types of answers.
var fieldsOf sync.Map
