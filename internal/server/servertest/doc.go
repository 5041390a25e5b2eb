// Package servertest is the whole site for tests: over a real database, real
// adapters, emulated servers and an emulated cloud, with the engine at work,
// and a person at a browser or a program in front of it.
package servertest
