package server

import (
	_ "embed" // for the description
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/run"
)

//go:embed openapi.json
var openAPI []byte

// routeAPI lists what programs can ask. The same use cases stand behind it as
// behind the pages; openapi.json describes every route here.
func (s *Server) routeAPI(e *echo.Echo) {
	e.GET("/api/v1/openapi.json", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, openAPI) })

	g := e.Group("/api/v1", echo.WrapMiddleware(s.loadSession), s.bearer, s.recogniseAPI)
	g.GET("/accounts", s.apiAccounts)
	g.POST("/accounts", s.apiAccountSave)
	g.GET("/accounts/:id", s.apiAccount)
	g.PUT("/accounts/:id", s.apiAccountSave)
	g.DELETE("/accounts/:id", s.apiAccountRemove)
	g.GET("/instances", s.apiInstances)
	g.POST("/instances", s.apiInstanceSave)
	g.GET("/instances/:id", s.apiInstance)
	g.PUT("/instances/:id", s.apiInstanceSave)
	g.DELETE("/instances/:id", s.apiInstanceRemove)
	g.GET("/instances/:id/databases", s.apiDatabases)
	g.POST("/instances/:id/look", s.apiLook)
	g.GET("/instances/:id/policy", s.apiPolicy)
	g.PUT("/instances/:id/policy", s.apiPolicySet)
	g.POST("/instances/:id/policy/review", s.apiPolicyReview)
	g.GET("/instances/:id/policy/versions", s.apiPolicyVersions)
	g.POST("/instances/:id/policy/accept", s.apiPolicyAccept)
	g.POST("/instances/:id/policy/apply", s.apiPolicyApply)
	g.GET("/instances/:id/policy/advanced", s.apiAdvanced)
	g.PUT("/instances/:id/policy/advanced", s.apiAdvancedSet)
	g.GET("/instances/:id/copy-rule", s.apiCopyRule)
	g.PUT("/instances/:id/copy-rule", s.apiCopyRuleSet)
	g.POST("/instances/:id/backups", s.apiBackup)
	g.GET("/instances/:id/tasks", s.apiTasks)
	g.GET("/instances/:id/sets", s.apiSets)
	g.GET("/instances/:id/sets/:set", s.apiSet)
	g.POST("/instances/:id/sets/:set/links", s.apiSetLinks)
	g.POST("/instances/:id/sets/:set/extend", s.apiSetExtend)
	g.POST("/instances/:id/sets/:set/copy", s.apiSetCopy)
	g.GET("/instances/:id/logs", s.apiLogs)
	g.GET("/instances/:id/windows", s.apiWindows)
	g.POST("/instances/:id/restores", s.apiRestore)
	g.GET("/buckets", s.apiBuckets)
	g.POST("/buckets", s.apiBucketSave)
	g.GET("/buckets/:id", s.apiBucket)
	g.PUT("/buckets/:id", s.apiBucketSave)
	g.DELETE("/buckets/:id", s.apiBucketRemove)
	g.GET("/buckets/:id/files", s.apiFiles)
	g.GET("/buckets/:id/uploads", s.apiUploads)
	g.DELETE("/buckets/:id/uploads", s.apiUploadAbort)

	g.POST("/plans", s.apiPlan)
	g.POST("/preflights", s.apiPreflight)
	g.GET("/migrations", s.apiMigrations)
	g.POST("/migrations", s.apiMigrationStart)
	g.GET("/migrations/:id", s.apiMigration)
	g.POST("/migrations/:id/retry", s.apiMigrationRetry)
	g.POST("/migrations/:id/pause", s.apiMigrationPause)
	g.POST("/migrations/:id/resume", s.apiMigrationResume)
	g.POST("/migrations/:id/files", s.apiMigrationExtend)
	g.POST("/migrations/:id/open", s.apiMigrationOpen)
	g.POST("/migrations/:id/terminate", s.apiMigrationTerminate)
	g.POST("/live-preflights", s.apiLivePreflight)
	g.POST("/instances/:id/remedies/:remedy", s.apiRemedy)
	g.POST("/live-migrations", s.apiLiveStart)
	g.POST("/migrations/:id/cutover", s.apiMigrationCutover)
	g.POST("/migrations/:id/compare", s.apiMigrationCompare)
	g.POST("/migrations/:id/one-more", s.apiMigrationOneMore)
	g.POST("/migrations/:id/bridge", s.apiMigrationGapDifferential)
	g.POST("/migrations/:id/abort", s.apiMigrationAbort)
	g.GET("/migrations/:id/details", s.apiMigrationDetails)
	g.GET("/waves", s.apiWaves)
	g.POST("/waves", s.apiWaveStart)
	g.GET("/waves/:id", s.apiWave)
	g.POST("/waves/:id/cutover", s.apiWaveCutover)
	g.POST("/waves/:id/rest", s.apiWaveRest)
	g.POST("/waves/:id/abort", s.apiWaveAbort)
	g.PUT("/waves/:id/order", s.apiWaveArrange)

	g.GET("/policies", s.apiOwnPolicies)
	g.POST("/policies", s.apiOwnPolicySave)
	g.POST("/policies/review", s.apiOwnPolicyReview)
	g.GET("/policies/:id", s.apiOwnPolicy)
	g.PUT("/policies/:id", s.apiOwnPolicySave)
	g.DELETE("/policies/:id", s.apiOwnPolicyRemove)
	g.POST("/policies/:id/review", s.apiOwnPolicyReview)
	g.GET("/policies/:id/versions", s.apiOwnPolicyVersions)
	g.POST("/policies/:id/rollback", s.apiOwnPolicyRollBack)
	g.GET("/policies/:id/slots", s.apiOwnPolicySlots)
	g.POST("/policies/:id/run", s.apiOwnPolicyRun)
	g.GET("/policies/:id/pruning", s.apiOwnPruning)
	g.POST("/policies/:id/pruning", s.apiOwnPrune)
	g.GET("/sets", s.apiRecords)
	g.GET("/sets/:id", s.apiRecord)
	g.POST("/sets/:id/pin", s.apiRecordPin)
	g.POST("/looks", s.apiLookNow)
	g.GET("/protections", s.apiProtections)
	g.GET("/protections/tally", s.apiTally)
	g.POST("/servers/:id/backups", s.apiOwnBackup)
	g.POST("/servers/:id/restores/plan", s.apiOwnRestorePlan)
	g.POST("/servers/:id/restores", s.apiOwnRestore)

	g.GET("/runs", s.apiRuns)
	g.GET("/runs/:id", s.apiRun)
	g.GET("/runs/:id/events", s.apiRunEvents)
	g.POST("/runs/:id/retry", s.apiRunOrder(run.Queued))
	g.POST("/runs/:id/cancel", s.apiRunOrder(run.Canceled))
	g.GET("/audit", s.apiAudit)
	g.GET("/audit/verify", s.apiAuditVerify)
	g.GET("/tokens", s.apiTokens)
	g.POST("/tokens", s.apiTokenAdd)
	g.DELETE("/tokens/:id", s.apiTokenRemove)
}

// bearer recognises a token. A wrong one is refused even beside a session: who
// sends a token means it.
func (s *Server) bearer(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		scheme, text, found := strings.Cut(c.Request().Header.Get("Authorization"), " ")
		if !found || !strings.EqualFold(scheme, "Bearer") {
			return next(c)
		}
		p, t, err := s.People.PersonOfToken(c.Request().Context(), person.HashToken(strings.TrimSpace(text)), s.Now().UTC())
		if fault.Is(err, fault.NotFound) {
			return unauthorized(c)
		}
		if err != nil {
			return err
		}
		c.Set(whoKey, signedIn{person: p, via: "api", name: p.Name + " (token " + t.Name + ")"})
		return next(c)
	}
}

func unauthorized(c echo.Context) error {
	c.Response().Header().Set("WWW-Authenticate", `Bearer realm="bakplane"`)
	return echo.NewHTTPError(http.StatusUnauthorized)
}

// recogniseAPI lets tokens and sessions pass.
func (s *Server) recogniseAPI(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := who(c); ok {
			return next(c)
		}
		p, ok, err := s.personOf(c.Request().Context())
		if err != nil {
			return err
		}
		if !ok {
			return unauthorized(c)
		}
		c.Set(whoKey, signedIn{person: p, via: "api", name: p.Name})
		return next(c)
	}
}

// readJSON reads the body into v. Unknown fields are refused: a misspelt
// option must not be silently left out.
func readJSON(c echo.Context, v any) error {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return fault.New(fault.Invalid, "The request is not JSON.", "Send the header Content-Type: application/json and a JSON object.")
	}
	d := json.NewDecoder(c.Request().Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		var h *echo.HTTPError
		if errors.As(err, &h) {
			return h
		}
		return fault.Newf(fault.Invalid, "The JSON cannot be read: %s.", strings.TrimPrefix(err.Error(), "json: ")).WithFix("Compare it with /api/v1/openapi.json.")
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.Invalid, "There is more than one JSON value in the request.", "Send one object.")
	}
	return nil
}

// apiList is the body of every list: items, and the address of the next page.
type apiList[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

func list[T any](items []T, next string) apiList[T] {
	if items == nil {
		items = []T{}
	}
	return apiList[T]{items, next}
}

// limitOf is the page size asked for, 50 by default and 500 at most.
func limitOf(c echo.Context) (int, error) {
	text := c.QueryParam("limit")
	if text == "" {
		return pageSize, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 500 {
		return 0, fault.Newf(fault.Invalid, "The limit %q is not a number from 1 to 500.", text)
	}
	return n, nil
}

func beforeOf(c echo.Context) (int64, error) {
	text := c.QueryParam("before")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, fault.Newf(fault.Invalid, "%q is not the number of an entry.", text)
	}
	return n, nil
}

// nextPage is the address of the following page.
func nextPage(c echo.Context, key, value string) string {
	q := c.QueryParams()
	q.Set(key, value)
	return c.Request().URL.Path + "?" + q.Encode()
}
