package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/bakplane/bakplane/internal/bakfile"
	ossemu "github.com/bakplane/bakplane/internal/emulator/oss"
	"github.com/bakplane/bakplane/internal/objectstore"
	"github.com/bakplane/bakplane/internal/objectstore/folder"
	"github.com/bakplane/bakplane/internal/objectstore/oss"
)

const (
	mostOfSample = 300_000 // bytes
	mostOfHuge   = 1 << 20
	mostMemory   = 64 << 20
	mostReads    = 10
	hugeSize     = 1 << 40
)

// stretchable is a sample of one plain backup set.
const stretchable = "sql2016-sp2_restoretime_full.bak"

func (b *bench) inspect(ctx context.Context) error {
	if b.samples == "" {
		b.add("inspect: real backup files", "", true, "left out: set BAKPLANE_SAMPLES to their folder")
		return nil
	}
	if err := b.hugeFile(ctx); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(b.samples, "expected.json"))
	if err != nil {
		return err
	}
	want := map[string]any{}
	if err := json.Unmarshal(text, &want); err != nil {
		return fmt.Errorf("read expected.json: %w", err)
	}
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range want {
			if !yield(name) {
				return
			}
		}
	})
	if err := b.equalToExpected(ctx, names, want); err != nil {
		return err
	}
	return errors.Join(b.bytesRead(names), b.rangedReads(ctx, names))
}

// hugeFile is 1 TB with a sample's head and tail and nothing between. The
// command that people use reads it, for its memory; the reader reads it
// counted, from the disk and through a bucket.
func (b *bench) hugeFile(ctx context.Context) error {
	dir := filepath.Join(b.tmp, "huge")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "huge.bak")
	if err := stretch(filepath.Join(b.samples, stretchable), path); err != nil {
		return fmt.Errorf("write sparse file: %w", err)
	}
	cmd := exec.CommandContext(ctx, b.binary, "inspect", "--json", path)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("inspect sparse file: %w: %s", err, text)
	}
	peak, known := peakMemory(cmd.ProcessState)
	n, reads, err := countedRead(path)
	if err != nil {
		return err
	}
	bucket, err := folder.Open(dir)
	if err != nil {
		return err
	}
	defer bucket.Close()
	r := objectstore.ReaderAt(ctx, bucket, "huge.bak", hugeSize)
	if _, err := bakfile.Read(r, hugeSize); err != nil {
		return err
	}
	b.add("inspect: 1 TB file, bytes read", "≤ 1 MiB", n <= mostOfHuge, "%s in %d reads", humanize.IBytes(uint64(n)), reads)
	if known {
		b.add("inspect: 1 TB file, peak memory of the command", "≤ 64 MiB", peak <= mostMemory, "%s", humanize.IBytes(uint64(peak)))
	}
	b.add("inspect: 1 TB file over a bucket, ranged reads", "≤ 10", r.Reads() <= mostReads, "%d", r.Reads())
	return nil
}

// stretch moves everything behind the data of a one-set file to the end of a
// file of 1 TB and corrects the filemark that counts from the front.
func stretch(from, to string) error {
	whole, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var watermarks []int64 // soft filemarks
	for off := 0; off+512 <= len(whole); off += 512 {
		if string(whole[off:off+4]) == "SFMB" {
			watermarks = append(watermarks, int64(off))
		}
	}
	if len(watermarks) < 3 {
		return fmt.Errorf("%s has %d filemarks, want 3", filepath.Base(from), len(watermarks))
	}
	cut := watermarks[1] - 16<<10
	head, tail := whole[:watermarks[0]+24<<10], bytes.Clone(whole[cut:])
	begin := int64(hugeSize) - int64(len(tail))
	binary.LittleEndian.PutUint64(tail[watermarks[2]-cut+0x48:], uint64(begin+watermarks[1]-cut))
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Write(head); err != nil {
		return err
	}
	if _, err := out.WriteAt(tail, begin); err != nil {
		return err
	}
	return out.Close()
}

// equalToExpected compares what the command prints with what RESTORE
// HEADERONLY, FILELISTONLY and LABELONLY said of the same files.
func (b *bench) equalToExpected(ctx context.Context, names []string, want map[string]any) error {
	args := []string{"inspect", "--json"}
	for _, name := range names {
		args = append(args, filepath.Join(b.samples, name))
	}
	out, err := exec.CommandContext(ctx, b.binary, args...).Output()
	if err != nil {
		return fmt.Errorf("inspect samples: %w", err)
	}
	got := map[string]any{}
	if err := json.Unmarshal(out, &got); err != nil {
		return err
	}
	equal := 0
	for name := range want {
		if reflect.DeepEqual(got[name], want[name]) {
			equal++
		}
	}
	b.add("inspect: files equal to expected.json", fmt.Sprintf("all %d", len(want)), equal == len(want), "%d", equal)
	return nil
}

// bytesRead finds the file of which the most was read.
func (b *bench) bytesRead(names []string) error {
	var most int64
	for _, name := range names {
		n, _, err := countedRead(filepath.Join(b.samples, name))
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		most = max(most, n)
	}
	b.add("inspect: most bytes read of one file", "≤ 300 kB", most <= mostOfSample, "%s", humanize.Bytes(uint64(most)))
	return nil
}

// rangedReads puts the files into an emulated bucket and looks at them there.
func (b *bench) rangedReads(ctx context.Context, names []string) error {
	account := ossemu.Account{KeyID: "LTAIbench0000000001", Secret: "bench-secret-for-loopback-only", Owner: "1000000000000001"}
	run, err := ossemu.Start(ossemu.Config{Dir: filepath.Join(b.tmp, "oss"), Region: "cn-hangzhou", Accounts: []ossemu.Account{account}, Buckets: []ossemu.Bucket{{Name: "backups", Owner: account.Owner}}}, "", "")
	if err != nil {
		return err
	}
	defer run.Close()
	bucket, err := oss.Open(oss.Config{Endpoint: run.URL, Region: "cn-hangzhou", Bucket: "backups", AccessKeyID: account.KeyID, Secret: account.Secret})
	if err != nil {
		return err
	}
	defer bucket.Close()
	most := 0
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(b.samples, name))
		if err != nil {
			return err
		}
		if _, err := bucket.Put(ctx, name, bytes.NewReader(content), int64(len(content))); err != nil {
			return err
		}
		r := objectstore.ReaderAt(ctx, bucket, name, int64(len(content)))
		if _, err := bakfile.Read(r, r.Size()); err != nil {
			return fmt.Errorf("read %s in the bucket: %w", name, err)
		}
		most = max(most, r.Reads())
	}
	b.add("inspect: most ranged reads of one file in a bucket", "≤ 10", most <= mostReads, "%d", most)
	return nil
}

// counted counts what is asked of a file.
type counted struct {
	io.ReaderAt
	bytes int64
	reads int
}

// ReadAt implements io.ReaderAt.
func (c *counted) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	c.reads++
	return c.ReaderAt.ReadAt(p, off)
}

func countedRead(path string) (bytes int64, reads int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, 0, err
	}
	c := &counted{ReaderAt: f}
	_, err = bakfile.Read(c, info.Size())
	return c.bytes, c.reads, err
}
