package servertest

import "golang.org/x/net/html"

// Node is a part of a page.
type Node = html.Node
