package server

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/audit"
	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
)

func all[T, J any](items []T, err error, word func(T) J) (apiList[J], error) {
	var out []J
	for _, i := range items {
		out = append(out, word(i))
	}
	return list(out, ""), err
}

func (s *Server) apiAccounts(c echo.Context) error {
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

func (s *Server) apiAccount(c echo.Context) error {
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

func (s *Server) apiAccountSave(c echo.Context) error {
	var in endpoint.AccountRecord
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if in.Kind == "" && len(s.Kinds.Accounts) == 1 {
		in.Kind = s.Kinds.Accounts[0].Key
	}
	a, err := s.editing(c).SaveAccount(c.Request().Context(), in.Account(c.Param("id")))
	return answer(c, saved(c), a.Record(), err)
}

func (s *Server) apiAccountRemove(c echo.Context) error {
	a, err := s.Endpoints.Account(c.Request().Context(), c.Param("id"))
	return s.apiRemove(c, "account", a.Name, err, s.Endpoints.RemoveAccount)
}

// apiRemove forgets an endpoint that was found, or says why it was not.
func (s *Server) apiRemove(c echo.Context, subject, name string, err error, remove func(ctx context.Context, id string, e audit.Entry) error) error {
	if err != nil {
		return err
	}
	id := c.Param("id")
	if err := remove(c.Request().Context(), id, s.entry(c, subject+".remove", subject+"/"+id, "Removed the "+subject+" "+name+".")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) apiInstances(c echo.Context) error {
	items, err := s.Endpoints.Instances(c.Request().Context())
	out, err := all(items, err, endpoint.Instance.Record)
	return answer(c, http.StatusOK, out, err)
}

func (s *Server) apiInstance(c echo.Context) error {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, i.Record(), err)
}

func (s *Server) apiInstanceSave(c echo.Context) error {
	var in endpoint.InstanceRecord
	if err := readJSON(c, &in); err != nil {
		return err
	}
	i, err := s.editing(c).SaveInstance(c.Request().Context(), in.Instance(c.Param("id")))
	return answer(c, saved(c), i.Record(), err)
}

func (s *Server) apiInstanceRemove(c echo.Context) error {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	return s.apiRemove(c, "instance", i.Name, err, s.Endpoints.RemoveInstance)
}

func (s *Server) apiBuckets(c echo.Context) error {
	items, err := s.Endpoints.Buckets(c.Request().Context())
	out, err := all(items, err, endpoint.Bucket.Record)
	return answer(c, http.StatusOK, out, err)
}

func (s *Server) apiBucket(c echo.Context) error {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, b.Record(), err)
}

func (s *Server) apiBucketSave(c echo.Context) error {
	var in endpoint.BucketRecord
	if err := readJSON(c, &in); err != nil {
		return err
	}
	b, err := s.editing(c).SaveBucket(c.Request().Context(), in.EndpointBucket(c.Param("id")))
	return answer(c, saved(c), b.Record(), err)
}

func (s *Server) apiBucketRemove(c echo.Context) error {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	return s.apiRemove(c, "bucket", b.Name, err, s.Endpoints.RemoveBucket)
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

func (s *Server) apiFiles(c echo.Context) error {
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
	for _, got := range s.look(ctx, c.Param("id"), place, objects) {
		f := file{Key: got.Key, Size: got.Size, Modified: got.Modified.UTC(), Trouble: got.Trouble, Fix: got.Fix}
		if got.File != nil {
			d := got.File.Describe()
			f.Backup = &d
		}
		out = append(out, f)
	}
	next := ""
	if len(objects) == limit {
		next = nextPage(c, "after", objects[len(objects)-1].Key)
	}
	return c.JSON(http.StatusOK, list(out, next))
}

// upload is an unfinished multipart upload.
type upload struct {
	Key    string    `json:"key"`
	Upload string    `json:"upload_id"`
	Begun  time.Time `json:"begun"`
}

func (s *Server) apiUploads(c echo.Context) error {
	ctx := c.Request().Context()
	place, err := s.Ports.Bucket(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	found, err := place.Uploads(ctx, c.QueryParam("prefix"), uploadsShown)
	if err != nil {
		return err
	}
	var out []upload
	for _, u := range found {
		out = append(out, upload{u.Key, string(u.ID), u.Begun.UTC()})
	}
	return c.JSON(http.StatusOK, list(out, ""))
}

func (s *Server) apiUploadAbort(c echo.Context) error {
	if err := s.abort(c, c.QueryParam("key"), c.QueryParam("upload_id")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
