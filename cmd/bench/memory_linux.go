package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// peakMemory is the most memory that an ended process had resident, in bytes.
// Linux counts it from its parent's memory at the start on, so it is at most
// too high.
func peakMemory(p *os.ProcessState) (int64, bool) {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, false
	}
	return usage.Maxrss << 10, true
}

// freeBytes is the room left where a folder lies.
func freeBytes(dir string) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}

// peakResident is the most memory that a running process had resident since
// its program began, in bytes.
func peakResident(pid int) (n int64, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			if _, err := fmt.Sscan(rest, &n); err == nil {
				return n << 10, true
			}
		}
	}
	return 0, false
}
