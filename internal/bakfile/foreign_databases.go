package bakfile

import "bytes"

const fixOtherDatabase = "Give a file written by BACKUP DATABASE or BACKUP LOG of SQL Server; what another database system wrote is taken in with that system's own tools."

// pointer names a text that stands for a file kept elsewhere, as a copy of a
// repository has it whose large files were not fetched.
func pointer(text []byte) (looks, fix string) {
	const fetch = "Fetch the file itself"
	switch {
	case bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")), bytes.HasPrefix(text, []byte("version https://hawser.github.com/spec/")):
		return "a Git LFS pointer: a few lines that stand for a file which was not fetched",
			fetch + " with “git lfs pull”, or download it from where the repository lies, and give that."
	case bytes.HasPrefix(text, []byte("/annex/objects/")):
		return "a git-annex pointer: a line that stands for a file which was not fetched",
			fetch + " with “git annex get”, and give that."
	}
	return "", ""
}

// otherDatabase names files of other database systems by how they begin. The
// signatures are those of the systems' own sources and documents: the archive
// of pg_dump, the banners of Oracle's export, the magic number of its files'
// first block, the name in the header page of Jet and ACE, the header page and
// the backup stream of Firebird and InterBase, xbstream of XtraBackup.
func otherDatabase(head []byte) string {
	h := fields{head, len(head)}
	at := func(off int, s string) bool {
		return off+len(s) <= len(head) && string(head[off:off+len(s)]) == s
	}
	switch {
	case at(0, "SQLite format 3\x00"):
		return "an SQLite database"
	case at(0, "PGDMP"):
		return "a dump of a PostgreSQL database (pg_dump)"
	case at(4, "Standard Jet DB\x00"), at(4, "Standard ACE DB\x00"):
		return "a Microsoft Access database"
	case bytes.Contains(head[:min(len(head), 16)], []byte("EXPORT:V")):
		return "an export of an Oracle database (exp)"
	case !readable(head[:min(len(head), 512)]) && bytes.Contains(head[:min(len(head), 4096)], []byte(`"."SYS_EXPORT_`)):
		return "an export of an Oracle database (Data Pump)"
	case at(0, "\x00") && (at(28, "}|{z") || at(28, "z{|}")):
		return "a file of an Oracle database, or a piece of an RMAN backup"
	case firebird(h):
		return "a Firebird or InterBase database"
	case at(0, "\x00\x02\x04") && h.u32(3) >= 1 && h.u32(3) <= 20:
		return "a backup of a Firebird or InterBase database (gbak)"
	case at(0, "XBSTCK0"):
		return "a backup of a MySQL or MariaDB database (XtraBackup)"
	}
	return ""
}

// firebird recognises the header page: page type 1, a page size that exists,
// and either the flag of Firebird in the version of the disk structure or the
// constant that was the checksum of pages before Firebird 3.
func firebird(h fields) bool {
	size, ods := h.u16(16), h.u16(18)
	return h.u8(0) == 1 && size >= 1024 && size <= 32768 && size&(size-1) == 0 &&
		(ods&0x8000 != 0 && ods&0x7fff <= 20 || h.u16(2) == 12345 && ods >= 5 && ods <= 20)
}

// dumpScript names a dump that is a script of statements.
func dumpScript(text []byte) string {
	has := func(s string) bool { return bytes.Contains(text, []byte(s)) }
	switch {
	case has("-- PostgreSQL database dump"), has("-- PostgreSQL database cluster dump"):
		return "a dump of a PostgreSQL database (pg_dump), as a script"
	case has("-- MySQL dump "), has("-- MariaDB dump "), has("-- phpMyAdmin SQL Dump"), bytes.HasPrefix(text, []byte("/*!999999")), bytes.HasPrefix(text, []byte("/*M!999999")):
		return "a dump of a MySQL or MariaDB database, as a script"
	}
	return ""
}
