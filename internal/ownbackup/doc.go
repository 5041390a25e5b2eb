// Package ownbackup keeps copies of Bakplane's own data folder: a consistent
// copy of the database, taken while it is at work, and beside it the key, sealed
// with a passphrase (age, scrypt). Without the passphrase a copy opens no
// credential; without the copy the passphrase is worth nothing.
package ownbackup
