package aliyun

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/alibabacloud-go/tea/dara"

	"github.com/bakplane/bakplane/internal/aliyun/signedcall"
	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/fault"
)

// parameters turns a request of the vendor's into query parameters, which its
// JSON tags name. What is unset or an empty text is left out.
func parameters(request any) (map[string]*string, error) {
	out := map[string]*string{}
	v := reflect.ValueOf(request).Elem()
	for name, index := range signedcall.Tagged(v.Type()) {
		field := v.FieldByIndex(index)
		if field.IsNil() {
			continue
		}
		switch value := field.Interface().(type) {
		case *string:
			if hasControl(*value) {
				return nil, fault.Newf(fault.Invalid, "%s contains control characters.", name)
			}
			if *value != "" {
				out[name] = value
			}
		case *int32:
			out[name] = dara.String(strconv.FormatInt(int64(*value), 10))
		case *int64:
			out[name] = dara.String(strconv.FormatInt(*value, 10))
		case *bool:
			out[name] = dara.String(strconv.FormatBool(*value))
		default:
			return nil, fmt.Errorf("parameter %s has type %T", name, value)
		}
	}
	if more, ok := request.(interface{ more() []backup.Parameter }); ok {
		for _, p := range more.more() {
			if hasControl(p.Value) {
				return nil, fault.Newf(fault.Invalid, "%s contains control characters.", p.Name)
			}
			out[p.Name] = dara.String(p.Value)
		}
	}
	return out, nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// errNoParameter says that the vendor's type has no field of that name.
var errNoParameter = errors.New("the API reference has no such parameter")

// fill writes a call of the ground floor into the vendor's request for it, so
// that nothing is sent that the vendor's own client could not send.
func fill(request any, call []backup.Parameter) error {
	v := reflect.ValueOf(request).Elem()
	fields := signedcall.Tagged(v.Type())
	for _, p := range call {
		index, ok := fields[p.Name]
		if !ok {
			return fmt.Errorf("%s: %w", p.Name, errNoParameter)
		}
		field := v.FieldByIndex(index)
		var err error
		switch field.Interface().(type) {
		case *string:
			field.Set(reflect.ValueOf(&p.Value))
		case *int32:
			var n int64
			n, err = strconv.ParseInt(p.Value, 10, 32)
			field.Set(reflect.ValueOf(dara.Int32(int32(n))))
		case *int64:
			var n int64
			n, err = strconv.ParseInt(p.Value, 10, 64)
			field.Set(reflect.ValueOf(&n))
		case *bool:
			var b bool
			b, err = strconv.ParseBool(p.Value)
			field.Set(reflect.ValueOf(&b))
		default:
			err = fmt.Errorf("the type is %s", field.Type())
		}
		if err != nil {
			return fault.Newf(fault.Invalid, "%q is no value of %s.", p.Value, p.Name).Because(err)
		}
	}
	return nil
}
