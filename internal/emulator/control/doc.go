// Package control is the control port of the emulators: a second way in, beside
// the wire protocol, through which a test or a person makes an emulator bite
// (delay, refuse, cut, hang, hold) and sees what was asked of it.
//
// An emulator wraps its own handler once and serves the control handler on a
// listener of its own, never under the emulated port:
//
//	d := door.New()
//	d.Refuse = writeVendorError               // how a refusal looks on this wire
//	api := d.Wrap(operationOf, emulator)      // operationOf names a request: "UploadPart"
//	d.HandleFunc("POST /buckets/delete", f)   // doors of this emulator alone, optional
//	go (&http.Server{Handler: api, ConnState: d.ConnState}).Serve(wire)
//	go http.Serve(control, d.Control())
//
// What a person or a test does with it, over HTTP with JSON or, in the same
// process, by the methods of the same names (Remote is a client for the former):
//
//	POST   /rules      a Rule; answers the Rule with its id
//	GET    /rules      the rules that still bite
//	DELETE /rules      forget all rules; /rules/{id} forgets one
//	GET    /held       requests being held; ?wait=10s waits until there is one
//	POST   /release    {"id":"…"} lets one go, {} lets all go
//	GET    /counts     Counts per operation and per detail
//	GET    /requests   the last requests, oldest first; ?operation=UploadPart
//	POST   /reset      release all, forget rules, counts and requests
//
// Inside a handler, Detail names what the request was about ("upload/3", a
// task id), so that it is counted apart, and Effect asks for the words that a
// Rule carries for this emulator ("corrupt_crc", "clock_skew").
//
// The door keeps everything in memory, checks no credentials and is meant for
// loopback.
package control
