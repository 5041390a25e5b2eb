package bakfile

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/bakplane/bakplane/internal/fault"
)

const (
	fixExtract = "Unpack it and give the backup file inside; a log backup that a service hands out as .zip.log is such an archive, with the .lbak file in it."
	fixBackup  = "Give a file written by BACKUP DATABASE or BACKUP LOG."
	fixUnknown = "Give a file written by BACKUP DATABASE or BACKUP LOG. One that a cloud wrote under a KMS key looks like this too, and only its service reads it: take a backup there without a key."
)

// foreign explains a file that begins with head and is not a backup.
func foreign(head []byte) *Error {
	looks, fix := recognise(head)
	message := "This is not a SQL Server backup file."
	if looks != "" {
		message = "This is " + looks + ", not a SQL Server backup file."
	}
	return &Error{Reason: NotBackup, Looks: looks, fault: fault.New(fault.Invalid, message, fix)}
}

// recognise names what a file with this beginning is. The signatures are those
// the formats' own documents give; an unknown one gets no name.
func recognise(head []byte) (looks, fix string) {
	starts := func(s string) bool { return bytes.HasPrefix(head, []byte(s)) }
	switch {
	case starts("PK\x03\x04"), starts("PK\x05\x06"):
		return zipKind(head)
	case starts("\x1f\x8b"):
		return "a gzip file", fixExtract
	case starts("7z\xbc\xaf\x27\x1c"):
		return "a 7-Zip archive", fixExtract
	case starts("Rar!\x1a\x07"):
		return "a RAR archive", fixExtract
	case starts("\x28\xb5\x2f\xfd"):
		return "a Zstandard file", fixExtract
	case starts("BZh"):
		return "a bzip2 file", fixExtract
	case starts("\xfd7zXZ\x00"):
		return "an xz file", fixExtract
	case starts("\x01\x0f\x00\x00"):
		return "a database file itself (.mdf, .ndf or .ldf)",
			"Back the database up with BACKUP DATABASE and give that file; a database file cannot be restored."
	case starts("MZ"):
		return "a Windows program", fixBackup
	case starts("\x7fELF"):
		return "a Linux program", fixBackup
	case starts("%PDF-"):
		return "a PDF document", fixBackup
	}
	if len(head) > 262 && string(head[257:262]) == "ustar" {
		if starts("toc.dat\x00") {
			return "a dump of a PostgreSQL database (pg_dump)", fixOtherDatabase
		}
		return "a tar archive", fixExtract
	}
	if looks = otherDatabase(head); looks != "" {
		return looks, fixOtherDatabase
	}
	return textKind(head)
}

func zipKind(head []byte) (looks, fix string) {
	for _, name := range []string{"model.xml", "DacMetadata.xml", "Origin.xml"} {
		if bytes.Contains(head, []byte(name)) {
			return "a ZIP archive with a data-tier application (.bacpac or .dacpac)",
				"Import it with SqlPackage, or back the database up with BACKUP DATABASE and give that file."
		}
	}
	return "a ZIP archive", fixExtract
}

func textKind(head []byte) (looks, fix string) {
	if len(bytes.Trim(head, "\x00")) == 0 {
		return "a file that begins with nothing but zero bytes",
			"Copy the backup again; the space was set aside but the content never arrived."
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return "a text file", fixBackup
	}
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	text = text[:min(len(text), 512)]
	if !readable(text) {
		return "", fixUnknown
	}
	if looks, fix = pointer(text); looks != "" {
		return looks, fix
	}
	if looks = dumpScript(text); looks != "" {
		return looks, fixOtherDatabase
	}
	lower := bytes.ToLower(bytes.TrimSpace(text))
	page := "Download the file again: this is what a server answered instead of it, and its text may say why."
	switch {
	case bytes.HasPrefix(lower, []byte("<!doctype html")), bytes.HasPrefix(lower, []byte("<html")):
		return "an HTML page", page
	case bytes.HasPrefix(lower, []byte("<?xml")), bytes.HasPrefix(lower, []byte("<error")):
		return "an XML text, such as an error message of an object store", page
	}
	return "a text file", fixBackup
}

// readable reports whether b is UTF-8 text, apart from a character cut at the end.
func readable(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		}
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return false
		}
		b = b[n:]
	}
	return true
}
