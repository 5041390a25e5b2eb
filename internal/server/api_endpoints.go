package server

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/secret"
)

// account is an endpoint.Account without its secret. A secret is taken and
// never given.
type account struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	AccessKeyID string `json:"access_key_id"`
	Secret      string `json:"secret,omitempty"`
	Region      string `json:"region"`
	RDSAddress  string `json:"rds_address,omitempty"`
	OwnerID     string `json:"owner_id,omitempty"`
}

func accountJSON(a endpoint.Account) account {
	return account{ID: a.ID, Name: a.Name, AccessKeyID: a.AccessKeyID, Region: a.Region, RDSAddress: a.RDSAddress, OwnerID: a.OwnerID}
}

// instance is an endpoint.Instance without its password, which is taken and
// never given. Fields of the other kind are absent.
type instance struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Kind string `json:"kind"`

	AccountID  string `json:"account_id,omitempty"`
	Region     string `json:"region,omitempty"`
	InstanceID string `json:"instance_id,omitempty"`

	Host            string `json:"host,omitempty"`
	Port            int    `json:"port,omitempty"`
	InstanceName    string `json:"instance_name,omitempty"`
	Login           string `json:"login,omitempty"`
	Password        string `json:"password,omitempty"`
	Encrypt         string `json:"encrypt,omitempty"`
	CAPEM           string `json:"ca_pem,omitempty"`
	CertificateHost string `json:"certificate_host,omitempty"`
	Trust           bool   `json:"trust_any_certificate,omitempty"`
	ServerFolder    string `json:"server_folder,omitempty"`
	FolderID        string `json:"folder,omitempty"`
}

func instanceJSON(i endpoint.Instance) instance {
	return instance{ID: i.ID, Name: i.Name, Kind: string(i.Kind), AccountID: i.AccountID, Region: i.Region, InstanceID: i.InstanceID,
		Host: i.Host, Port: i.Port, InstanceName: i.InstanceName, Login: i.Login, Encrypt: string(i.Encrypt), CAPEM: i.CAPEM, CertificateHost: i.CertificateHost,
		Trust: i.Trust, ServerFolder: i.ServerFolder, FolderID: i.FolderID}
}

func (in instance) endpoint(id string) endpoint.Instance {
	return endpoint.Instance{ID: id, Name: in.Name, Kind: endpoint.InstanceKind(in.Kind), AccountID: in.AccountID, Region: in.Region, InstanceID: in.InstanceID,
		Host: in.Host, Port: in.Port, InstanceName: in.InstanceName, Login: in.Login, Password: secret.NewText(in.Password), Encrypt: endpoint.Encrypt(in.Encrypt), CAPEM: in.CAPEM,
		CertificateHost: in.CertificateHost, Trust: in.Trust, ServerFolder: in.ServerFolder, FolderID: in.FolderID}
}

type bucket struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	AccountID string `json:"account_id,omitempty"`
	Region    string `json:"region,omitempty"`
	Address   string `json:"address,omitempty"`
	CloudHost string `json:"cloud_host,omitempty"`
	Bucket    string `json:"bucket,omitempty"`
	Path      string `json:"path,omitempty"`
}

func bucketJSON(b endpoint.Bucket) bucket {
	return bucket{b.ID, b.Name, string(b.Kind), b.AccountID, b.Region, b.Address, b.CloudHost, b.Bucket, b.Path}
}

func all[T, J any](items []T, err error, word func(T) J) (apiList[J], error) {
	var out []J
	for _, i := range items {
		out = append(out, word(i))
	}
	return list(out, ""), err
}

func (s *Server) apiAccounts(c echo.Context) error {
	items, err := s.Endpoints.Accounts(c.Request().Context())
	out, err := all(items, err, accountJSON)
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
	return answer(c, http.StatusOK, accountJSON(a), err)
}

// saved is 201 for a thing made and 200 for one changed.
func saved(c echo.Context) int {
	if c.Param("id") == "" {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (s *Server) apiAccountSave(c echo.Context) error {
	var in account
	if err := readJSON(c, &in); err != nil {
		return err
	}
	a, err := s.saveAccount(c, endpoint.Account{ID: c.Param("id"), Name: in.Name, AccessKeyID: in.AccessKeyID, Secret: secret.NewText(in.Secret), Region: in.Region, RDSAddress: in.RDSAddress, OwnerID: in.OwnerID})
	return answer(c, saved(c), accountJSON(a), err)
}

func (s *Server) apiAccountRemove(c echo.Context) error {
	return s.apiRemove(c, settingKinds["accounts"])
}

func (s *Server) apiRemove(c echo.Context, k settingKind) error {
	ctx, id := c.Request().Context(), c.Param("id")
	name, err := s.settingName(ctx, k, id)
	if err != nil {
		return err
	}
	if err := k.remove(s, ctx, id, s.entry(c, k.subject+".remove", k.subject+"/"+id, "Removed the "+k.thing+" "+name+".")); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) apiInstances(c echo.Context) error {
	items, err := s.Endpoints.Instances(c.Request().Context())
	out, err := all(items, err, instanceJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *Server) apiInstance(c echo.Context) error {
	i, err := s.Endpoints.Instance(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, instanceJSON(i), err)
}

func (s *Server) apiInstanceSave(c echo.Context) error {
	var in instance
	if err := readJSON(c, &in); err != nil {
		return err
	}
	if in.Kind == "" {
		in.Kind = string(endpoint.ApsaraDB)
	}
	i, err := s.saveInstance(c, in.endpoint(c.Param("id")))
	return answer(c, saved(c), instanceJSON(i), err)
}

func (s *Server) apiInstanceRemove(c echo.Context) error {
	return s.apiRemove(c, settingKinds["instances"])
}

func (s *Server) apiBuckets(c echo.Context) error {
	items, err := s.Endpoints.Buckets(c.Request().Context())
	out, err := all(items, err, bucketJSON)
	return answer(c, http.StatusOK, out, err)
}

func (s *Server) apiBucket(c echo.Context) error {
	b, err := s.Endpoints.Bucket(c.Request().Context(), c.Param("id"))
	return answer(c, http.StatusOK, bucketJSON(b), err)
}

func (s *Server) apiBucketSave(c echo.Context) error {
	var in bucket
	if err := readJSON(c, &in); err != nil {
		return err
	}
	b, err := s.saveBucket(c, endpoint.Bucket{ID: c.Param("id"), Name: in.Name, Kind: endpoint.BucketKind(in.Kind), AccountID: in.AccountID, Region: in.Region, Address: in.Address, CloudHost: in.CloudHost, Bucket: in.Bucket, Path: in.Path})
	return answer(c, saved(c), bucketJSON(b), err)
}

func (s *Server) apiBucketRemove(c echo.Context) error {
	return s.apiRemove(c, settingKinds["buckets"])
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
