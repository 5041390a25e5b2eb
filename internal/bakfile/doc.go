// Package bakfile reads what a SQL Server backup file says of itself — the
// facts of RESTORE HEADERONLY, FILELISTONLY and LABELONLY — from any
// io.ReaderAt, without SQL Server and without reading the data.
//
// An uncompressed backup is a Microsoft Tape Format (MTF 1.00a) file whose
// blocks MSCI and MSLS carry SQL Server's own records. The same blocks in
// Xpress Huffman records (MS-XCA 2.2) behind the word MSSQLBAK are a compressed
// backup. The layout of SQL Server's records is not published; the offsets
// here were checked against files of SQL Server 2005 to 2025. What those files
// could not confirm is left unknown rather than guessed.
//
// A file is two ends and little between: the head names the first set, the
// last filemark lists where every other set begins and ends. A file of one set
// takes two or three reads, whatever its size. All lengths found in a file are
// bounded by the file's real size and by small fixed caps before anything is
// allocated, so that a hostile file costs no more than an honest one.
package bakfile
