package s3

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// apiError is a refusal as the service words it (S3 API reference, "Error
// responses").
type apiError struct {
	status  int
	code    string
	message string
	extra   []field
	region  string // told in x-amz-bucket-region
}

type field struct{ name, value string }

func refusal(status int, code, message string, extra ...field) *apiError {
	return &apiError{status: status, code: code, message: message, extra: extra}
}

func invalidArgument(message, name, value string) *apiError {
	return refusal(400, "InvalidArgument", message, field{"ArgumentName", name}, field{"ArgumentValue", value})
}

func noSuchBucket(name string) *apiError {
	return refusal(404, "NoSuchBucket", "The specified bucket does not exist", field{"BucketName", name})
}

func noSuchUpload(id string) *apiError {
	return refusal(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", field{"UploadId", id})
}

func internal(error) *apiError {
	return refusal(500, "InternalError", "We encountered an internal error. Please try again.")
}

func notImplemented() *apiError {
	return refusal(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
}

// refuse writes the XML document. A HEAD has none: its status has to do.
func refuse(w http.ResponseWriter, r *http.Request, e *apiError) {
	type element struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	}
	h := w.Header()
	doc := struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Extra     []element
		RequestId string // the element's name
		HostId    string // the element's name
	}{Code: e.code, Message: e.message, RequestId: h.Get("x-amz-request-id"), HostId: h.Get("x-amz-id-2")}
	for _, f := range e.extra {
		doc.Extra = append(doc.Extra, element{XMLName: xml.Name{Local: f.name}, Text: f.value})
	}
	body, err := xml.Marshal(doc)
	if err != nil {
		http.Error(w, e.code, e.status)
		return
	}
	body = append([]byte(xml.Header), body...)
	if e.region != "" {
		h.Set("x-amz-bucket-region", e.region)
	}
	h.Set("Content-Type", "application/xml")
	if r.ContentLength != 0 {
		h.Set("Connection", "close") // the body may not have been read
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(e.status)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.status)
	_, _ = w.Write(body)
}

// writeXML answers 200 with a document.
func writeXML(w http.ResponseWriter, doc any) *apiError {
	body, err := xml.Marshal(doc)
	if err != nil {
		return internal(err)
	}
	body = append([]byte(xml.Header), body...)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}
