package drafting

import "github.com/bakplane/bakplane/internal/fault"

func invalid(message, fix string) error { return fault.New(fault.Invalid, message, fix) }
