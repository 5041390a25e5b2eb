package sqlite

import (
	"testing"

	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/secret"
)

// TestTheListOfInstancesFollowsEveryChange: the list is kept between changes.
func TestTheListOfInstancesFollowsEveryChange(t *testing.T) {
	ctx, d := t.Context(), open(t)
	names := func() (out []string) {
		all, err := d.Instances(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range all {
			if out = append(out, i.Name); i.Kind == "server" && i.Password.Reveal() != "secret of "+i.ID {
				t.Errorf("%s has another password", i.Name)
			}
			i.Password = secret.NewText("spoiled by a reader")
		}
		return out
	}
	folder := endpoint.Bucket{ID: "f", Name: "folder", Kind: "folder", Path: t.TempDir()}
	if err := d.SaveBucket(ctx, folder, entry("bucket.save")); err != nil {
		t.Fatal(err)
	}
	save := func(id, name string) {
		i := endpoint.Instance{ID: id, Name: name, Kind: "server", Host: "h", Login: "sa", Password: secret.NewText("secret of " + id), FolderID: "f"}
		if err := d.SaveInstance(ctx, i, entry("instance.save")); err != nil {
			t.Fatal(err)
		}
	}
	before := len(names())
	save("one", "b")
	save("two", "c")
	if got := names(); len(got) != before+2 {
		t.Errorf("two were added: %v", got)
	}
	save("two", "a")
	if got, again := names(), names(); len(got) != before+2 || got[0] != "a" || again[0] != "a" {
		t.Errorf("one was renamed: %v, %v", got, again)
	}
	if err := d.RemoveInstance(ctx, "one", entry("instance.remove")); err != nil {
		t.Fatal(err)
	}
	if got := names(); len(got) != before+1 {
		t.Errorf("one was removed: %v", got)
	}
}
