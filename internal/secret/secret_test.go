package secret

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSealedOpensForItsRecordOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k, err := OpenKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := k.Seal(NewText("s3cret"), "account/1")
	if strings.Contains(sealed, "s3cret") {
		t.Fatal("the sealed text shows the credential")
	}
	again, err := OpenKeyring(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed, "account/1"); err != nil || got.Reveal() != "s3cret" {
		t.Fatalf("opened %q, %v", got.Reveal(), err)
	}
	if _, err := again.Open(sealed, "account/2"); err == nil {
		t.Fatal("opened for another record")
	}
	if _, err := again.Open(sealed[:len(sealed)-5]+"AAAA=", "account/1"); err == nil {
		t.Fatal("opened after a change")
	}
	other, _ := OpenKeyring(filepath.Join(t.TempDir(), "key"))
	if _, err := other.Open(sealed, "account/1"); err == nil || !strings.Contains(err.Error(), "key file") {
		t.Fatalf("another key: %v", err)
	}
	if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o600 {
		t.Fatalf("key file has mode %v", fi.Mode())
	}
}

func TestTwoStartersAgreeOnOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	rings := make([]*Keyring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() { rings[i], _ = OpenKeyring(path) })
	}
	wg.Wait()
	for _, r := range rings {
		if r == nil || r.id != rings[0].id {
			t.Fatal("starters made different keys")
		}
	}
}

func TestDamagedKeyFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	os.WriteFile(path, []byte("not a key"), 0o600)
	if _, err := OpenKeyring(path); err == nil {
		t.Fatal("took rubbish for a key")
	}
}

func TestTextPrintsAsDots(t *testing.T) {
	type holder struct{ Key Text }
	h := holder{NewText("s3cret")}
	j, _ := json.Marshal(h)
	for _, s := range []string{fmt.Sprint(h), fmt.Sprintf("%+v %#v %s %q %v", h, h, h.Key, h.Key, &h), string(j)} {
		if strings.Contains(s, "s3cret") {
			t.Errorf("printed %s", s)
		}
	}
}
