package preflight

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/bakfile"
	"github.com/bakplane/bakplane/internal/emulator/mtf"
	"github.com/bakplane/bakplane/internal/endpoint"
	"github.com/bakplane/bakplane/internal/migration"
)

// TestWhatFilesTellOfEncryption reaches whoever decides where they go.
func TestWhatFilesTellOfEncryption(t *testing.T) {
	for name, tc := range map[string]struct {
		traits     endpoint.Traits
		thumbprint string
		says, fix  string
	}{
		"a service, marked":     {serviceTraits, "0a1b", "0x0A1B, which the target does not have", "SET ENCRYPTION OFF"},
		"a service, not marked": {serviceTraits, "", "", ""},
		"a server, marked":      {serverTraits, "0a1b", "thumbprint 0x0A1B", "WHERE thumbprint = 0x0A1B. If it is missing: Bring the certificate."},
		"a server, not marked":  {serverTraits, "", "no sign", "Bring the certificate."},
	} {
		j := &judge{}
		j.encrypted(Facts{Migration: migration.Migration{Traits: tc.traits}, Sets: []SetFacts{{TDEThumbprint: tc.thumbprint}, {}}})
		if tc.says == "" {
			if len(j.out) > 0 {
				t.Errorf("%s: %+v", name, j.out)
			}
			continue
		}
		if len(j.out) != 1 || j.out[0].Level != migration.Warned || !strings.Contains(j.out[0].Text.String(), tc.says) || !strings.Contains(j.out[0].Fix.String(), tc.fix) {
			t.Errorf("%s: %+v", name, j.out)
		}
	}
}

// TestTheMarkIsReadFromTheFile: a record between the headers and the data.
func TestTheMarkIsReadFromTheFile(t *testing.T) {
	paths, err := mtf.Chain(t.TempDir(), mtf.Options{Database: "orders", Started: t0, DataSize: 256 << 10, LogSize: 4096})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	read, err := bakfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f := migration.File{Kind: "full", Source: "full", Size: int64(len(data)), SetGUID: read.Sets[0].SetGUID, State: migration.FilePlanned}
	for _, marked := range []bool{false, true} {
		if marked {
			record := binary.LittleEndian.AppendUint32(nil, 20)
			for i := range byte(20) {
				record = append(record, 0xa0+i)
			}
			copy(data[0x8000:], binary.LittleEndian.AppendUint32(record, 256))
		}
		s, err := setFacts(t.Context(), &desk{bucket: shelf{data: data}}, migration.Migration{}, f)
		if err != nil || (s.TDEThumbprint != "") != marked {
			t.Errorf("marked %v: %q, %v", marked, s.TDEThumbprint, err)
		}
	}
}
