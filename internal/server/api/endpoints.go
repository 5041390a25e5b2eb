package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/server"
)

func all[T, J any](items []T, err error, word func(T) J) (apiList[J], error) {
	var out []J
	for _, i := range items {
		out = append(out, word(i))
	}
	return list(out, ""), err
}

func (s *API) accounts(c echo.Context) error {
	items, err := s.Endpoints.Accounts(c.Request().Context())
	out, err := all(items, err, endpoint.Account.Record)
	return answer(c, http.StatusOK, out, err)
}

// answer writes v unless there is an error.
func answer(c echo.Context, status int, v any, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(status, v)
}

func (s *API) account(c echo.Context) error {
	a, err := s.Endpoints.Account(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, a.Record(), err)
}

// saved is 201 for a thing made and 200 for one changed.
func saved(c echo.Context) int {
	if c.Param("id") == "" {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (s *API) accountSave(c echo.Context) error {
	var in endpoint.AccountRecord
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if in.Kind == "" && len(s.Kinds.Accounts) > 0 { // from when there was one kind
		in.Kind = s.Kinds.Accounts[0].Key
	}
	a, err := s.Editing(c).SaveAccount(c.Request().Context(), in.Account(c.Param("id")))
	return answer(c, saved(c), a.Record(), err)
}

func (s *API) accountRemove(c echo.Context) error {
	a, err := s.Endpoints.Account(c.Request().Context(), c.Param("id"))
	return s.remove(c, "account", a.Name, err, s.Endpoints.RemoveAccount)
}

// remove forgets an endpoint that was found, or says why it was not.
func (s *API) remove(c echo.Context, subject, name string, err error, remove func(ctx context.Context, id string, e audit.Entry) error) error {
	if err != nil {
		return err
	}
	id := c.Param("id")
	if err := remove(c.Request().Context(), id, s.Entry(c, subject+".remove", subject+"/"+id, "Removed the "+subject+" "+name+".")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *API) instances(c echo.Context) error {
	items, err := s.Endpoints.Instances(c.Request().Context())
	out, err := all(items, err, endpoint.Instance.Record)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) instance(c echo.Context) error {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, i.Record(), err)
}

func (s *API) instanceSave(c echo.Context) error {
	var in endpoint.InstanceRecord
	if err := readJSON(c, &in); err != nil {
		return err
	}
	i, err := s.Editing(c).SaveInstance(c.Request().Context(), in.Instance(c.Param("id")))
	return answer(c, saved(c), i.Record(), err)
}

func (s *API) instanceRemove(c echo.Context) error {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	return s.remove(c, "instance", i.Name, err, s.Endpoints.RemoveInstance)
}

func (s *API) buckets(c echo.Context) error {
	items, err := s.Endpoints.Buckets(c.Request().Context())
	out, err := all(items, err, endpoint.Bucket.Record)
	return answer(c, http.StatusOK, out, err)
}

func (s *API) bucket(c echo.Context) error {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, b.Record(), err)
}

func (s *API) bucketSave(c echo.Context) error {
	var in endpoint.BucketRecord
	if err := readJSON(c, &in); err != nil {
		return err
	}
	b, err := s.Editing(c).SaveBucket(c.Request().Context(), in.EndpointBucket(c.Param("id")))
	return answer(c, saved(c), b.Record(), err)
}

func (s *API) bucketRemove(c echo.Context) error {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	return s.remove(c, "bucket", b.Name, err, s.Endpoints.RemoveBucket)
}

// file is one file of a place and what it says of itself.
type file struct {
	Key      string               `json:"key"`
	Size     int64                `json:"size"`
	Modified time.Time            `json:"modified"`
	Backup   *bakfile.Description `json:"backup"`            // null: no backup file
	Trouble  string               `json:"trouble,omitempty"` // why it is none
	Fix      string               `json:"fix,omitempty"`
}

func (s *API) files(c echo.Context) error {
	ctx := c.Request().Context()
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	place, err := s.Ports.Bucket(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	objects, err := place.List(ctx, c.QueryParam("prefix"), c.QueryParam("after"), limit)
	if err != nil {
		return err
	}
	var out []file
	for _, got := range s.Look(ctx, c.Param("id"), place, objects) {
		f := file{Key: got.Key, Size: got.Size, Modified: got.Modified.UTC(), Trouble: got.Trouble, Fix: got.Fix}
		if got.File != nil {
			d := got.File.Describe()
			f.Backup = &d
		}
		out = append(out, f)
	}
	next := ""
	if len(objects) == limit {
		next = server.NextPage(c, "after", objects[len(objects)-1].Key)
	}
	return c.JSON(http.StatusOK, list(out, next))
}

// upload is an unfinished multipart upload.
type upload struct {
	Key    string    `json:"key"`
	Upload string    `json:"upload_id"`
	Begun  time.Time `json:"begun"`
}

func (s *API) uploads(c echo.Context) error {
	ctx := c.Request().Context()
	place, err := s.Ports.Bucket(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	found, err := place.Uploads(ctx, c.QueryParam("prefix"), server.UploadsShown)
	if err != nil {
		return err
	}
	var out []upload
	for _, u := range found {
		out = append(out, upload{u.Key, string(u.ID), u.Begun.UTC()})
	}
	return c.JSON(http.StatusOK, list(out, ""))
}

func (s *API) uploadAbort(c echo.Context) error {
	if err := s.Abort(c, c.QueryParam("key"), c.QueryParam("upload_id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
