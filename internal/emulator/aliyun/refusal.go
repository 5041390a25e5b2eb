package aliyunemu

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// refusal is an error answer of the API.
type refusal struct {
	status  int
	code    string
	message string
	action  string // the right that is missing, for Forbidden.RAM
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func refuse(status int, code, format string, args ...any) *refusal {
	return &refusal{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// requestID has the form of the service's ids.
func requestID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	s := strings.ToUpper(fmt.Sprintf("%x", b))
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func writeRefusal(w http.ResponseWriter, r *http.Request, e *refusal) {
	body := map[string]any{
		"RequestId": requestID(),
		"HostId":    r.Host,
		"Code":      e.code,
		"Message":   e.message,
		"Recommend": "https://api.alibabacloud.com/troubleshoot?q=" + e.code,
	}
	if e.action != "" {
		body["AccessDeniedDetail"] = map[string]any{"AuthAction": e.action, "PolicyType": "AccountLevelIdentityBasedPolicy",
			"NoPermissionType": "ImplicitDeny", "AuthPrincipalType": "SubUser"}
	}
	writeJSON(w, e.status, body)
}
