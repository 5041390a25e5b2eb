// Package verify walks a whole SQL Server backup as a stream and tells whether
// it is as it was written: without a SQL Server, and without trusting any
// length that the file claims.
//
// Checked are: the headers of all blocks and streams and their order, the
// filemarks and what they list, every data page (its checksum or torn-page
// bits, and its place), every log block (checksum, sector stamps, and the walk
// without a hole from FirstLSN to LastLSN), every backup checksum (BACKUP …
// WITH CHECKSUM), every record of a compressed backup (check value and
// decompression), and the configuration before the data against the one
// behind it. One sum does nearly everything: see sum.go.
//
// None of this is CHECKDB: a page that was written wrong by the server has a
// right checksum. And none of it is cryptographic: it proves against accidents,
// not against a forger. The rules were worked out on 264 files of SQL Server
// 2005 to 2025; what those could not show is "not understood" here and never
// "damaged": backups under TDE or ENCRYPTION, the compressed container of SQL
// Server 2012 and older, blocks and streams of unknown kinds, and backup
// checksums that all differ in a set that is compressed, striped, or of SQL
// Server 2014 or newer, while its pages and log blocks are right.
package verify
