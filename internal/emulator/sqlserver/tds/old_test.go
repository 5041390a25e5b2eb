package tds

import (
	"errors"
	"math"
	"testing"
)

// oldParam is a parameter of text, ntext or image as old clients send it: its
// greatest length, the collation of text, and four bytes of length.
func oldParam(b []byte, name string, id byte, collated bool, value []byte) []byte {
	b = append(shortText(b, name), 0, id)
	b = le.AppendUint32(b, math.MaxInt32)
	if collated {
		b = append(b, collation...)
	}
	if value == nil {
		return le.AppendUint32(b, math.MaxUint32)
	}
	return append(le.AppendUint32(b, uint32(len(value))), value...)
}

func TestOldTypesOfParametersAreRead(t *testing.T) {
	body := []byte{4, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0}
	body = oldParam(body, "", idNText, true, encodeText("SELECT @p"))
	body = oldParam(body, "", idText, true, []byte("@p int"))
	body = oldParam(body, "@i", idImage, false, []byte{1, 2, 3})
	body = oldParam(body, "@n", idNText, true, nil)
	calls, err := parseRequest(message{kind: packetCall, body: body})
	if err != nil || len(calls) != 1 || len(calls[0].Params) != 4 {
		t.Fatalf("%v, %v", calls, err)
	}
	p := calls[0].Params
	if p[0].Text() != "SELECT @p" || p[0].Type != NVarChar(Max) || p[1].Text() != "@p int" || p[1].Type != VarChar(Max) {
		t.Errorf("texts are %v", p)
	}
	if b, ok := p[2].Value.([]byte); !ok || len(b) != 3 || p[2].Type != VarBinary(Max) || p[3].Value != nil {
		t.Errorf("image and NULL are %v", p[2:])
	}
}

func TestAnUnknownTypeOfParameterIsRefused(t *testing.T) {
	body := []byte{4, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 0}
	body = append(shortText(body, "@x"), 0, 0xf1, 0) // xml without a schema
	_, err := parseRequest(message{kind: packetCall, body: body})
	var m Message
	if !errors.As(err, &m) || m.Number != 8009 || !m.IsError() {
		t.Errorf("the answer is %v", err)
	}
}
