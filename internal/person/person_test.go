package person_test

import (
	"strings"
	"testing"

	"github.com/bakplane/bakplane/internal/fault"
	"github.com/bakplane/bakplane/internal/person"
	"github.com/bakplane/bakplane/internal/secret"
)

func TestPasswordFitsItsOwnHashOnly(t *testing.T) {
	hash := person.HashPassword(secret.NewText("correct horse battery"))
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("not a PHC string: %s", hash)
	}
	if !person.VerifyPassword(hash, secret.NewText("correct horse battery")) {
		t.Error("the right password was refused")
	}
	if person.VerifyPassword(hash, secret.NewText("correct horse batterz")) {
		t.Error("a wrong password was taken")
	}
	if hash == person.HashPassword(secret.NewText("correct horse battery")) {
		t.Error("two hashes of one password are equal: the salt is not random")
	}
}

func TestForeignHashesNeverFit(t *testing.T) {
	good := person.HashPassword(secret.NewText("correct horse battery"))
	parts := strings.Split(good, "$")
	for name, hash := range map[string]string{
		"empty":            "",
		"other algorithm":  strings.Replace(good, "argon2id", "argon2i", 1),
		"other version":    strings.Replace(good, "v=19", "v=16", 1),
		"absurd memory":    strings.Replace(good, "m=19456", "m=99999999", 1),
		"no passes":        strings.Replace(good, "t=2", "t=0", 1),
		"negative threads": strings.Replace(good, "p=1", "p=-1", 1),
		"no hash":          strings.Join(parts[:5], "$") + "$",
		"salt not base64":  strings.Join([]string{"", parts[1], parts[2], parts[3], "!!", parts[5]}, "$"),
	} {
		if person.VerifyPassword(hash, secret.NewText("correct horse battery")) {
			t.Errorf("%s: the password fits", name)
		}
	}
}

func TestWeakPasswordsAndNamesAreRefused(t *testing.T) {
	for password, ok := range map[string]bool{
		"short": false, "dba@example.org": false, "DBA@example.org": false, strings.Repeat("x", 1001): false, "ten chars!": true, "长的密码也可以用来登录吧": true,
	} {
		if err := person.CheckPassword(secret.NewText(password), "dba@example.org"); (err == nil) != ok || (err != nil && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%.20q: %v", password, err)
		}
	}
	for name, ok := range map[string]bool{"": false, "two words": false, "tab\t": false, "ana": true, "dba@example.org": true, strings.Repeat("a", 101): false, "王芳": true} {
		if err := person.CheckName(name); (err == nil) != ok {
			t.Errorf("%.20q: %v", name, err)
		}
	}
}

func TestTokensAreLongAndDifferent(t *testing.T) {
	a, b := person.NewToken().Reveal(), person.NewToken().Reveal()
	if a == b || len(a) < 40 || !strings.HasPrefix(a, "bkp_") {
		t.Errorf("%d and %d characters", len(a), len(b))
	}
	if person.HashToken(a) == person.HashToken(b) || strings.Contains(person.HashToken(a), a[4:]) {
		t.Error("the hash tells the token")
	}
}
