package api

import (
	_ "embed"
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
	"github.com/bakplane/bakplane/internal/server"
)

//go:embed openapi.json
var openAPI []byte

// Routes lists what programs can ask. The same use cases stand behind it as
// behind the pages; openapi.json describes every route here.
func (s *API) Routes(e *echo.Echo) {
	e.GET("/api/v1/openapi.json", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, openAPI) })

	g := e.Group("/api/v1", echo.WrapMiddleware(s.LoadSession), s.Bearer, s.recogniseAPI, scoped)
	s.serverRoutes(g)
	g.GET("/accounts", s.accounts)
	g.POST("/accounts", s.accountSave)
	g.GET("/accounts/:id", s.account)
	g.GET("/accounts/:id/found", s.accountFound)
	g.PUT("/accounts/:id", s.accountSave)
	g.DELETE("/accounts/:id", s.accountRemove)
	g.GET("/instances", s.instances)
	g.POST("/instances", s.instanceSave)
	g.GET("/instances/:id", s.instance)
	g.PUT("/instances/:id", s.instanceSave)
	g.DELETE("/instances/:id", s.instanceRemove)
	g.GET("/instances/:id/databases", s.databases)
	g.POST("/instances/:id/look", s.look)
	g.GET("/instances/:id/policy", s.policy)
	g.PUT("/instances/:id/policy", s.policySet)
	g.POST("/instances/:id/policy/review", s.policyReview)
	g.GET("/instances/:id/policy/versions", s.policyVersions)
	g.POST("/instances/:id/policy/accept", s.policyAccept)
	g.POST("/instances/:id/policy/apply", s.policyApply)
	g.GET("/instances/:id/policy/advanced", s.advanced)
	g.PUT("/instances/:id/policy/advanced", s.advancedSet)
	g.GET("/instances/:id/copy-rule", s.copyRule)
	g.PUT("/instances/:id/copy-rule", s.copyRuleSet)
	g.POST("/instances/:id/backups", s.backup)
	g.GET("/instances/:id/tasks", s.tasks)
	g.GET("/instances/:id/sets", s.sets)
	g.GET("/instances/:id/sets/:set", s.set)
	g.POST("/instances/:id/sets/:set/links", s.setLinks)
	g.POST("/instances/:id/sets/:set/extend", s.setExtend)
	g.POST("/instances/:id/sets/:set/copy", s.setCopy)
	g.GET("/instances/:id/logs", s.logs)
	g.GET("/instances/:id/windows", s.windows)
	g.POST("/instances/:id/restores", s.restore)
	g.GET("/buckets", s.buckets)
	g.POST("/buckets", s.bucketSave)
	g.GET("/buckets/:id", s.bucket)
	g.PUT("/buckets/:id", s.bucketSave)
	g.DELETE("/buckets/:id", s.bucketRemove)
	g.POST("/buckets/:id/test", s.bucketTry)
	g.GET("/buckets/:id/files", s.files)
	g.GET("/buckets/:id/uploads", s.uploads)
	g.DELETE("/buckets/:id/uploads", s.uploadAbort)

	g.POST("/plans", s.plan)
	g.POST("/preflights", s.preflight)
	g.GET("/migrations", s.migrations)
	g.POST("/migrations", s.migrationStart)
	g.GET("/migrations/:id", s.migration)
	g.POST("/migrations/:id/retry", s.migrationRetry)
	g.POST("/migrations/:id/pause", s.migrationPause)
	g.POST("/migrations/:id/resume", s.migrationResume)
	g.POST("/migrations/:id/files", s.migrationExtend)
	g.POST("/migrations/:id/open", s.migrationOpen)
	g.POST("/migrations/:id/terminate", s.migrationTerminate)
	g.POST("/scripts", s.script)
	g.POST("/live-preflights", s.livePreflight)
	g.POST("/instances/:id/remedies/:remedy", s.remedy)
	g.POST("/live-migrations", s.liveStart)
	g.POST("/migrations/:id/cutover", s.migrationCutover)
	g.POST("/migrations/:id/compare", s.migrationCompare)
	g.POST("/migrations/:id/one-more", s.migrationOneMore)
	g.POST("/migrations/:id/bridge", s.migrationGapDifferential)
	g.POST("/migrations/:id/adopt", s.migrationAdopt)
	g.POST("/migrations/:id/abort", s.migrationAbort)
	g.POST("/migrations/:id/writable", s.migrationWritable)
	g.GET("/migrations/:id/details", s.migrationDetails)
	g.GET("/waves", s.waves)
	g.POST("/waves", s.waveStart)
	g.GET("/waves/:id", s.wave)
	g.POST("/waves/:id/cutover", s.waveCutover)
	g.POST("/waves/:id/rest", s.waveRest)
	g.POST("/waves/:id/abort", s.waveAbort)
	g.PUT("/waves/:id/order", s.waveArrange)

	g.GET("/policies", s.ownPolicies)
	g.POST("/policies", s.ownPolicySave)
	g.POST("/policies/review", s.ownPolicyReview)
	g.GET("/policies/:id", s.ownPolicy)
	g.PUT("/policies/:id", s.ownPolicySave)
	g.DELETE("/policies/:id", s.ownPolicyRemove)
	g.POST("/policies/:id/review", s.ownPolicyReview)
	g.GET("/policies/:id/versions", s.ownPolicyVersions)
	g.POST("/policies/:id/rollback", s.ownPolicyRollBack)
	g.GET("/policies/:id/slots", s.ownPolicySlots)
	g.POST("/policies/:id/run", s.ownPolicyRun)
	g.GET("/policies/:id/pruning", s.ownPruning)
	g.POST("/policies/:id/pruning", s.ownPrune)
	g.GET("/leftovers", s.leftovers)
	g.GET("/leftovers/:id", s.leftover)
	g.POST("/leftovers/:id", s.leftoverClear)
	g.GET("/sets", s.records)
	g.GET("/sets/:id", s.record)
	g.POST("/sets/:id/pin", s.recordPin)
	g.POST("/looks", s.lookNow)
	g.GET("/protections", s.protections)
	g.GET("/protections/tally", s.tally)
	g.PUT("/instances/:id/waiver", s.waive)
	g.DELETE("/instances/:id/waiver", s.require)
	g.POST("/servers/:id/backups", s.ownBackup)
	g.POST("/servers/:id/restores/plan", s.ownRestorePlan)
	g.POST("/servers/:id/restores", s.ownRestore)

	g.GET("/runs", s.runs)
	g.GET("/runs/:id", s.run)
	g.GET("/runs/:id/events", s.runEvents)
	g.POST("/runs/:id/retry", s.runOrder(run.Queued))
	g.POST("/runs/:id/cancel", s.runOrder(run.Canceled))
	g.GET("/audit", s.audit)
	g.GET("/audit/verify", s.auditVerify)
	g.GET("/tokens", s.tokens)
	g.POST("/tokens", s.tokenAdd)
	g.DELETE("/tokens/:id", s.tokenRemove)
	g.GET("/sessions", s.signIns)
	g.DELETE("/sessions/:id", s.signInEnd)
	g.RouteNotFound("", s.Nowhere)
	g.RouteNotFound("/*", s.Nowhere)
}

// recogniseAPI lets tokens and sessions pass.
func (s *API) recogniseAPI(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, ok := server.Who(c); ok {
			return next(c)
		}
		p, in, ok, err := s.SessionOf(c.Request().Context())
		if err != nil {
			return err
		}
		if !ok {
			return server.Unauthorized(c)
		}
		c.Set(server.WhoKey, server.SignedIn{Person: p, Via: "api", Name: p.Name, Scope: person.Administer, Session: in.ID})
		return next(c)
	}
}

// scoped refuses what the scope of a token does not reach.
func scoped(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, _ := server.Who(c)
		if need := scopeOf(c.Request().Method, strings.TrimPrefix(c.Path(), "/api/v1")); !who.Scope.Allows(need) {
			return fault.Newf(fault.Denied, "This token may %s, and this needs one that may %s.", who.Scope, need).WithFix("Make a token of that scope in Settings.")
		}
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
		return server.PageSize, nil
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
