package tsql_test

import (
	"testing"

	"github.com/bakplane/bakplane/internal/tsql"
)

func TestNamesAreComparedAsTheServerDoes(t *testing.T) {
	for _, c := range []struct {
		by   tsql.Collation
		a, b string
		same bool
	}{
		{"", "Shop", "SHOP", true},
		{"", "Shop", "Shop2", false},
		{"", "Shop", "Shop  ", true},
		{"SQL_Latin1_General_CP1_CI_AS", "Größe", "GRÖßE", true},
		{"SQL_Latin1_General_CP1_CI_AS", "Cafe", "Café", false},
		{"SQL_Latin1_General_CP1_CS_AS", "Shop", "SHOP", false},
		{"SQL_Latin1_General_CP1_CS_AS", "Shop", "Shop ", true},
		{"Latin1_General_BIN2", "shop", "Shop", false},
		{"Latin1_General_BIN", "shop", "Shop", false},
		{"Latin1_General_100_CS_AS_KS_WS_SC_UTF8", "shop", "Shop", false},
		{"Chinese_PRC_CI_AS", "订单Shop", "订单SHOP", true},
		{"Turkish_CI_AS", "SIRA", "sıra", true},
		{"Turkish_CI_AS", "SIRA", "sira", false},
	} {
		if got := c.by.Same(c.a, c.b); got != c.same {
			t.Errorf("%s: %q and %q: same %v, want %v", c.by, c.a, c.b, got, c.same)
		}
		if keys := c.by.Key(c.a) == c.by.Key(c.b); keys != c.same {
			t.Errorf("%s: keys of %q and %q: %v", c.by, c.a, c.b, keys)
		}
	}
}
