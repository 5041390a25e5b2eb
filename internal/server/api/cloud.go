package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/backup"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/server"
)

// cloudSetJSON is a backup set of an instance of a cloud.
type cloudSetJSON struct {
	ID        string     `json:"id"`
	CloudID   string     `json:"cloud_id"`
	Kind      string     `json:"kind"`   // full, differential, log
	Method    string     `json:"method"` // physical, snapshot
	Manual    bool       `json:"manual"`
	State     string     `json:"state"` // complete, broken, removed
	CopyOnly  bool       `json:"copy_only"`
	Usable    bool       `json:"usable"`
	Databases []string   `json:"databases"` // empty: the whole instance, or not told
	Started   *time.Time `json:"started"`
	Finished  *time.Time `json:"finished"`
	Bytes     int64      `json:"bytes"`
	Expires   *time.Time `json:"expires"` // null: never, or not told
	Checksum  string     `json:"crc64,omitempty"`
	Region    string     `json:"region,omitempty"`
	Copies    []copyJSON `json:"copies"`
	Seen      *time.Time `json:"seen"`
}

type copyJSON struct {
	Bucket string    `json:"bucket"`
	Keys   []string  `json:"keys"`
	Bytes  int64     `json:"bytes"`
	At     time.Time `json:"at"`
}

func setJSON(r backup.Record) cloudSetJSON {
	out := cloudSetJSON{ID: r.ID, Kind: string(r.Set.Kind), Method: "physical", Manual: r.Manual(), State: string(r.State), Databases: []string{}, Finished: moment(r.Finished()),
		Bytes: r.Bytes(), Expires: moment(server.Expiry(r)), Copies: []copyJSON{}, Seen: moment(r.Seen)}
	if r.Snapshot() {
		out.Method = "snapshot"
	}
	if c := r.Cloud; c != nil {
		out.CloudID, out.CopyOnly, out.Usable, out.Started, out.Checksum, out.Region = c.ID, c.CopyOnly, c.Usable, moment(c.Started), c.Checksum, c.Region
		out.Databases = append(out.Databases, c.Databases...)
	}
	if r.Database != "" {
		out.Databases = []string{r.Database}
	}
	for _, k := range r.Copies {
		out.Copies = append(out.Copies, copyJSON{Bucket: k.BucketID, Keys: k.Keys, Bytes: k.Size, At: k.At.UTC()})
	}
	return out
}

// sets lists backup sets, newest first.
func (s *API) sets(c echo.Context) error {
	i, limit, err := s.cloudList(c)
	if err != nil {
		return err
	}
	rows, next, err := s.CloudSets(c.Request().Context(), i.ID, server.SetFilterOf(c.QueryParam), c.QueryParam("before"), limit)
	if next != "" {
		next = server.NextPage(c, "before", next)
	}
	out := list[cloudSetJSON](nil, next)
	for _, r := range rows {
		out.Items = append(out.Items, setJSON(r))
	}
	return answer(c, http.StatusOK, out, err)
}

func (s *API) cloudList(c echo.Context) (i endpoint.Instance, limit int, err error) {
	if i, err = s.CloudInstance(c.Request().Context(), c.Param("id")); err == nil {
		limit, err = limitOf(c)
	}
	return i, limit, err
}

// set is one set.
func (s *API) set(c echo.Context) error {
	r, _, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, setJSON(r))
}

// linkJSON is where something can be downloaded: whoever has it has the data.
type linkJSON struct {
	Database string     `json:"database,omitempty"`
	Public   string     `json:"public,omitempty"`
	Intranet string     `json:"intranet,omitempty"`
	Expires  *time.Time `json:"expires"`
}

// setLinks fetches download links of a set or a log; they are kept nowhere.
func (s *API) setLinks(c echo.Context) error {
	r, in, err := s.CloudSet(c)
	if err != nil {
		return err
	}
	links, err := s.LinksOf(c, in, "backup set "+r.Cloud.ID, func(ctx context.Context, cloud backup.Cloud) ([]backup.Link, error) {
		if r.Set.Kind == backup.Log {
			return cloud.LogLinks(ctx, r.Cloud.Started, r.Cloud.Finished)
		}
		return cloud.SetLinks(ctx, r.Cloud.ID, r.Finished())
	})
	c.Response().Header().Set("Cache-Control", "no-store")
	out := list[linkJSON](nil, "")
	for _, l := range links {
		out.Items = append(out.Items, linkJSON{Database: l.Database, Public: l.Public.Reveal(), Intranet: l.Intranet.Reveal(), Expires: moment(l.Expires)})
	}
	return answer(c, http.StatusOK, out, err)
}

// cloudLogJSON is a log backup of the service.
type cloudLogJSON struct {
	ID    string    `json:"id"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Bytes int64     `json:"bytes"`
}

// logs lists log backups, newest first.
func (s *API) logs(c echo.Context) error {
	i, limit, err := s.cloudList(c)
	if err != nil {
		return err
	}
	rows, err := s.Catalogue.Records(c.Request().Context(), backup.RecordFilter{InstanceID: i.ID, Origin: backup.InCloud, Kind: backup.Log, Before: c.QueryParam("before"), Limit: limit})
	out := list[cloudLogJSON](nil, "")
	for _, r := range rows {
		if r.Cloud != nil {
			out.Items = append(out.Items, cloudLogJSON{ID: r.ID, From: r.Cloud.Started.UTC(), To: r.Cloud.Finished.UTC(), Bytes: r.Bytes()})
		}
	}
	if len(rows) == limit {
		out.Next = server.NextPage(c, "before", rows[len(rows)-1].ID)
	}
	return answer(c, http.StatusOK, out, err)
}

// windowJSON is a time in which any second can be restored.
type windowJSON struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Missing string    `json:"missing,omitempty"` // what would take it further
}

// windows lists recovery windows of an instance or one of its databases, by
// ascending end.
func (s *API) windows(c echo.Context) error {
	i, err := s.CloudInstance(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	r, err := s.CloudRecovery(c.Request().Context(), i.ID, c.QueryParam("database"))
	out := list[windowJSON](nil, "")
	for _, w := range r.Windows {
		j := windowJSON{From: w.From.UTC(), To: w.To.UTC()}
		if w.Next != nil {
			j.Missing = w.Next.Words
		}
		out.Items = append(out.Items, j)
	}
	return answer(c, http.StatusOK, out, err)
}

// jobJSON is a backup at work at the service.
type jobJSON struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Percent   *int   `json:"percent"` // null: not told
	Automated bool   `json:"automated"`
}

// tasks lists backups under way at the service, asked now.
func (s *API) tasks(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), server.Patience)
	defer cancel()
	i, err := s.CloudInstance(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	jobs, err := s.CloudJobs(ctx, i.ID)
	out := list[jobJSON](nil, "")
	for _, j := range jobs {
		row := jobJSON{ID: j.ID, Status: j.Status, Automated: j.Automated}
		if j.Percent >= 0 {
			row.Percent = &j.Percent
		}
		out.Items = append(out.Items, row)
	}
	return answer(c, http.StatusOK, out, err)
}

// look asks the service now, for its policy and its backups.
func (s *API) look(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 4*server.Patience)
	defer cancel()
	i, err := s.CloudInstance(ctx, c.Param("id"))
	if err == nil {
		_, err = s.AskPolicy(ctx, i)
	}
	if err == nil && s.Collect != nil {
		err = s.Collect(ctx, i.ID)
	}
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
