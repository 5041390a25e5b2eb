//go:build !linux

package main

import "os"

// peakMemory is measured on Linux only.
func peakMemory(*os.ProcessState) (int64, bool) { return 0, false }

// freeBytes is known on Linux only.
func freeBytes(string) (int64, bool) { return 0, false }

// peakResident is not known here.
func peakResident(int) (int64, bool) { return 0, false }
