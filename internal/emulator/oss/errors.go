package oss

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strconv"
)

// apiError is a refusal as the service words it. Codes, statuses and messages
// are those of the public pages "Error responses" and "HTTP status code 400 …
// 416"; EC numbers are given where a public page names them.
type apiError struct {
	status  int
	code    string
	message string
	ec      string
	extra   []field
}

type field struct{ name, value string }

func (e *apiError) with(name, value string) *apiError {
	c := *e
	c.extra = append(append([]field(nil), e.extra...), field{name, value})
	return &c
}

func invalidArgument(message string) *apiError {
	return &apiError{status: 400, code: "InvalidArgument", message: message, ec: "0017-00000501"}
}

func noSuchBucket(name string) *apiError {
	return (&apiError{status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist.", ec: "0015-00000101"}).with("BucketName", name)
}

func noSuchKey(key string) *apiError {
	return (&apiError{status: 404, code: "NoSuchKey", message: "The specified key does not exist.", ec: "0026-00000001"}).with("Key", key)
}

func noSuchUpload(id string) *apiError {
	return (&apiError{status: 404, code: "NoSuchUpload", message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", ec: "0042-00000002"}).with("UploadId", id)
}

func accessDenied(message string) *apiError {
	return &apiError{status: 403, code: "AccessDenied", message: message, ec: "0003-00000001"}
}

func internal(error) *apiError {
	return &apiError{status: 500, code: "InternalError", message: "We encountered an internal error. Please try again."}
}

func notImplemented() *apiError {
	return &apiError{status: 501, code: "NotImplemented", message: "A header or query you provided implies functionality that is not implemented."}
}

// refuse writes the XML document. A HEAD has no body: the document travels in
// the x-oss-err header, as the service does it.
func refuse(w http.ResponseWriter, r *http.Request, e *apiError) {
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	doc := struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestId string // the element's name
		HostId    string // the element's name
		Extra     []element
		EC        string `xml:"EC,omitempty"`
	}{Code: e.code, Message: e.message, RequestId: w.Header().Get("x-oss-request-id"), HostId: r.Host, EC: e.ec}
	for _, f := range e.extra {
		doc.Extra = append(doc.Extra, element{XMLName: xml.Name{Local: f.name}, Text: f.value})
	}
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		http.Error(w, e.code, e.status)
		return
	}
	body = append([]byte(xml.Header), body...)
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	if e.ec != "" {
		h.Set("x-oss-ec", e.ec)
	}
	if r.Method == http.MethodHead {
		h.Set("x-oss-err", base64.StdEncoding.EncodeToString(body))
		w.WriteHeader(e.status)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

// writeXML answers 200 with a document.
func writeXML(w http.ResponseWriter, doc any) *apiError {
	body, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return internal(err)
	}
	body = append([]byte(xml.Header), body...)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}
