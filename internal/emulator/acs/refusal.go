package acs

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Refusal is an error answer of an API.
type Refusal struct {
	Status  int // of HTTP
	Code    string
	Message string
	Action  string // the right that is missing, for Forbidden.RAM
}

// Error makes it an error.
func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Refuse makes a refusal.
func Refuse(status int, code, format string, args ...any) *Refusal {
	return &Refusal{Status: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// RequestID has the form of the service's ids.
func RequestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	s := strings.ToUpper(fmt.Sprintf("%x", b))
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// WriteJSON answers with a body.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// WriteRefusal answers with a refusal.
func WriteRefusal(w http.ResponseWriter, r *http.Request, e *Refusal) {
	body := map[string]any{
		"RequestId": RequestID(),
		"HostId":    r.Host,
		"Code":      e.Code,
		"Message":   e.Message,
		"Recommend": "https://api.alibabacloud.com/troubleshoot?q=" + e.Code,
	}
	if e.Action != "" {
		body["AccessDeniedDetail"] = map[string]any{"AuthAction": e.Action, "PolicyType": "AccountLevelIdentityBasedPolicy",
			"NoPermissionType": "ImplicitDeny", "AuthPrincipalType": "SubUser"}
	}
	WriteJSON(w, e.Status, body)
}
