package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/bakplane/bakplane/internal/bakfile/verify"
	"github.com/bakplane/bakplane/internal/words"
)

// Exit codes of verify beside 0, whole: what a script must tell apart.
const (
	exitDamaged       = 1
	exitUnreadable    = 2 // a file could not be opened or read to its end
	exitNotUnderstood = 3
)

// VerifyCmd reads backup files whole and tells whether they are as they were
// written: every page, log block, checksum and header, without a SQL Server.
//
// Several files are the stripes of one backup and are judged together. With
// --json it prints a verify.Result.
//
// It exits with 0 when the backup is whole, 1 when it is damaged, 2 when a file
// could not be read, 3 when it holds something that these checks do not know.
type VerifyCmd struct {
	JSON  bool     `name:"json" help:"Print one JSON object."`
	Files []string `arg:"" name:"file" help:"The backup file, or all stripes of one backup."`
}

// Run prints to the standard output.
func (c *VerifyCmd) Run() error { return c.print(context.Background(), os.Stdout, os.Stderr) }

func (c *VerifyCmd) print(ctx context.Context, out, errs io.Writer) error {
	p := newProgress(errs, c.Files)
	var files []*verify.File
	for _, path := range c.Files {
		f, err := walkFile(ctx, path, p)
		if err != nil {
			p.clear()
			sayLine(errs, "%s: %s", path, err)
			return exit(exitUnreadable)
		}
		files = append(files, f)
	}
	p.clear()
	r := verify.Together(files...)
	if c.JSON {
		if err := printJSON(out, r); err != nil {
			return err
		}
	} else {
		printResult(out, r)
	}
	switch r.Verdict {
	case verify.Damaged:
		return exit(exitDamaged)
	case verify.NotUnderstood:
		return exit(exitNotUnderstood)
	}
	return nil
}

func walkFile(ctx context.Context, path string, p *progress) (*verify.File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return verify.Read(ctx, io.TeeReader(in, p), runtime.GOMAXPROCS(0))
}

func printResult(out io.Writer, r verify.Result) {
	sayLine(out, "%s", r.Sentence)
	fmt.Fprintln(out)
	count := func(what string, format string, args ...any) {
		sayLine(out, "  %-17s %s", what, fmt.Sprintf(format, args...))
	}
	count("read", "%s in %s, %s", words.Bytes(r.Bytes), words.Count(r.Files, "file", "files"), words.Count(r.Sets, "backup set", "backup sets"))
	if r.Records.Seen > 0 {
		count("records", "%d, %d bad", r.Records.Seen, r.Records.Bad)
	}
	count("pages", "%d: %d with a checksum, %d with torn-page bits, %d with neither, %d that fill up; %d bad",
		r.Pages.Seen, r.Pages.Checksum, r.Pages.Torn, r.Pages.Unmarked, r.Pages.Filler, r.Pages.Bad)
	count("log blocks", "%d: %d with a checksum, %d without; %d bad", r.Log.Seen, r.Log.Checked, r.Log.Unchecked, r.Log.Bad)
	count("backup checksums", "%d of %d streams of data; %d bad", r.Sums.Seen, r.Sums.Streams, r.Sums.Bad)
	if r.Unaccounted > 0 {
		count("unaccounted for", "%d bytes", r.Unaccounted)
	}
	for _, text := range r.NotChecked {
		count("not checked", "%s", text)
	}
	printFindings(out, "Damage", r.Damage)
	printFindings(out, "Not understood", r.Unknown)
	fmt.Fprintln(out)
	sayLine(out, "%s", verify.Limits)
}

func printFindings(out io.Writer, title string, f verify.Findings) {
	if f.Count == 0 {
		return
	}
	fmt.Fprintln(out)
	sayLine(out, "%s, %d in all:", title, f.Count)
	for _, x := range f.First {
		sayLine(out, "  at %d: %s", x.Offset, x.Text)
	}
	if rest := f.Count - int64(len(f.First)); rest > 0 {
		sayLine(out, "  and %d more", rest)
	}
}

// progress tells a person at a terminal how far the reading is; anywhere else
// it is silent.
type progress struct {
	out   *os.File // nil = silent
	total int64
	done  int64
	last  time.Time
}

func newProgress(errs io.Writer, paths []string) *progress {
	p := &progress{last: time.Now()}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			p.total += info.Size()
		}
	}
	if f, ok := errs.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = f
		}
	}
	return p
}

// Write counts bytes that passed.
func (p *progress) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if p.out != nil && time.Since(p.last) > 200*time.Millisecond {
		p.last = time.Now()
		fmt.Fprintf(p.out, "\r\x1b[K%s of %s", words.Bytes(p.done), words.Bytes(p.total))
	}
	return len(b), nil
}

func (p *progress) clear() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
